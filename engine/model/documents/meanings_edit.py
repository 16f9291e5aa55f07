"""Rows of `meanings`: timelines, media, cut lists and events."""

from __future__ import annotations

__all__ = ["CUT_LIST", "EVENTS", "MEDIA", "TIMELINE"]

TIMELINE = {
    "Timeline": """
        project_id | | the project that this edit belongs to
        creator_id | | whose style it follows; null for the neutral prior
        created_at | ISO 8601 | when this revision was made
        rate | frames per second | exact, as a quotient; every `*_frame` and `*_frames` of the timeline counts at it
        width | >= 1 px | width of the picture
        height | >= 1 px | height of the picture
        duration_frames | >= 1 frames | length of the edit; the clips sum to it
        duration | > 0 s | the same in seconds, derived
        clips | | the primary track: contiguous from frame 0, sorted, without gaps
        media | | one row per media file that the edit uses, so that it can be exported without them
        song | | the part of the song under the edit; null when there is none
        transitions | | how each clip follows the one before it
        tracks | | tracks beside the primary one; gaps are allowed
        markers | | remarks on the timeline
        outcomes | | one row per input clip: what became of it and why
        deleted_clips | | clips that the user threw out; they stay away when the edit is made again
        user_edits | | what people did to the edit, in order; the action's own details stand beside the named fields
        ai_reasoning | | the reasons for the whole
        final_status | | how it ended; null means unknown
        revision | >= 1 | number of this revision
        parent | >= 1 | the revision it was made from; null for the first
        seed | | decides between equals: the same wish and seed give the same edit
        audio | | what is heard: the song, the clips' own sound, both or nothing
        brief | | the wish this edit answers, so that a part of it can be asked again
        profile | | which profile was used: creator_id, name, last_updated, trained_on_videos
    """,
    "Placement": """
        id | | the clip's name within the edit; unique, and the same in later revisions
        media_id | | the row of `media` it shows
        file | | name of the file, for people
        timeline_start_frame | >= 0 frames | where it begins on the timeline
        duration_frames | >= 1 frames | how long it is shown
        source_start_frame | >= 0 source frames | where it begins in the file, counted at `source_rate` from the file's first frame
        source_rate | frames per second | rate of the source, exact
        speed | quotient | seconds of source per second of timeline; 1/2 is half speed
        enabled | | false: the place is kept, nothing is shown
        locked | | true when `lock_metadata` is there; derived
        lock_metadata | | why it may not change; null when it may
        metadata | | facts of the chosen moment
        decision | | why this moment is here; null for a person's choice
        crop | | the part of the source picture that fills the frame, over time; empty: centred
        edit_history | | what happened to it, oldest first
        source_start | >= 0 s | `source_start_frame` in seconds from the file's first frame, derived
        source_end | >= 0 s | where the used part ends, derived
        timeline_start | >= 0 s | `timeline_start_frame` in seconds, derived
        duration | > 0 s | `duration_frames` in seconds, derived
    """,
    "Lock": """
        locked_by | | `user`, or the program that asked for it
        locked_at | ISO 8601 | when
        reason | | what the user did to it
        note | | in words
    """,
    "HistoryEntry": """
        action | | `ai_generated`, or what a person did, such as `user_reordered`; its details stand beside the named fields
        timestamp | ISO 8601 | when
        version | >= 1 | the revision that this made
        from_position | | for a move: its place before, counted from 1
        to_position | | for a move: its place after
    """,
    "Decision": """
        score | | sum of the parts; higher is better, comparable within one edit
        parts | | named, signed parts of the score
        runners_up | | what stood next, best first
        evidence_missing | | evidence that would have counted but was not there
        raw_confidence | 0..1 | confidence as reckoned, before what people kept set it right; null: not known
    """,
    "RunnerUp": """
        media_id | | the other clip
        source_start_frame | >= 0 source frames | where in it
        score | | its score for the same place
        reason | | in words: why it lost
    """,
    "ClipFacts": """
        shot_type | | likeliest shot type of the moment
        angle | | likeliest camera angle
        motion | | likeliest kind of camera motion
        motion_intensity | 0..1 | how much moves, camera and subject together; null: not measured
        visual_quality | 0..1 | sharpness, light and steadiness together; null: not measured
        color_variance | 0..1 | spread of colour; null: not measured
        blur | 0..1 | share of lost sharpness: 0 sharp, 1 mush; null: not measured
        exposure | 0..1 | mean luma; null: not measured
        ai_confidence | 0..1 | how sure the engine is that a person keeps this clip here
        ai_reasoning | | in one sentence: why it is here
        evidence | | what shot type and angle rest on
    """,
    "CropKey": """
        frame | >= 0 frames | from this frame of the clip on; between keys the crop moves in a straight line
        x | 0..1 of width | left edge in the displayed source picture
        y | 0..1 of height | top edge
        width | 0..1 of width | width
        height | 0..1 of height | height
    """,
    "Transition": """
        from_clip | | the clip before
        to_clip | | the clip after
        type | | kind of transition
        at_beat | | true when the cut lies on a beat
        beat_index | >= 0 | index into `song.beats`; null when it lies on none
        duration_frames | >= 0 frames | 0 for a cut, else the length, centred on the cut
    """,
    "Track": """
        kind | | what the track is for
        name | | its name
        clips | | clips in order; gaps are allowed, overlaps are not
        enabled | | false: not shown or heard
        locked | | true: not to be changed
    """,
    "Marker": """
        frame | >= 0 frames | where
        kind | | section, beat, downbeat, drop, reason or user
        name | | short text
        note | | longer text
    """,
    "SongUse": """
        media_id | | the song's row of `media`
        file | | name of the file, for people
        bpm | > 0 beats per minute | tempo
        duration | >= 0 s | length of the whole song
        source_start_s | >= 0 s | second of the song at frame 0 of the edit
        source_duration_s | >= 0 s | how much of it is used
        fade_in_s | >= 0 s | length of the fade at the beginning
        fade_out_s | >= 0 s | length of the fade at the end
        beats | s of the edit | beats under the edit, ascending; `beat_index` points here
        downbeats | s of the edit | first beats of bars, ascending
        sections | | stretches of the song, in seconds of the edit
        energy_curve | 0..1 | loudness over the edit
        energy_rate_hz | > 0 Hz | samples of `energy_curve` per second
        confidence | 0..1 | how sure the beats are; 0: an even grid was laid over a song without beat
        beat_source | | tracked, onsets, even or user
        drops | s of the edit | where the music drops in
        loop_at_s | s of the edit | where the song is joined to another bar
        loop_to_s | s of the song | where each join goes on from; empty: from `source_start_s` each time
        accents | 0..1 | weight of each beat
        phrase_starts | s of the edit | beginnings of phrases
        notes | | what a listener should know
    """,
    "SectionSpan": """
        start_s | s | beginning
        end_s | s | end
        label | | what it is
        energy | 0..1 | mean energy
    """,
    "Outcome": """
        media_id | | the input clip
        file | | its file's name
        status | | what became of it
        reason | | in words
        clip_ids | | the clips of the edit that show it
        threshold | | name of the limit that rejected it; null otherwise
        value | | what was measured against it
        limit | | the limit
        duplicate_of | | media id of the better near-duplicate
        best_slot | >= 0 | the place of the edit, counted from 0, where it would have fitted best
        best_score | | its score there
        beaten_by | | media id of the clip that stands there
    """,
    "DeletedClip": """
        clip_id | | the clip's id when it was thrown out
        media_id | | media that is barred from now on
        deleted_at | ISO 8601 | when
        ai_confidence | 0..1 | how sure the engine had been of it
        user_reason | | reason from the list; null when none was given
        text | | reason in the user's own words
        source_start_frame | >= 0 source frames | start of the barred range; null: the whole file
        source_end_frame | >= 0 source frames | end of the barred range, not included
        metadata | | facts of the moment
    """,
    "UserEdit": """
        timestamp | ISO 8601 | when
        action | | what was done
        clip_id | | to which clip; null when to none
        from_position | | for a move: its place before, counted from 1
        to_position | | for a move: its place after
        reason_selected | | for a deletion: the reason given
        section_start | >= 0 s | for a request: where the section begins in the edit; null for the whole
        section_end | >= 0 s | for a request: where it ends
        instruction | | for a request: what was asked for
    """,
    "Reasoning": """
        pacing_target | | the pacing aimed at
        style_match_score | 0..1 | share of the creator's style that the edit meets; null without a creator
        notes | | in words
        style_match | | one row per dimension of the style
        relaxed | | wishes and limits that had to give way, in words
        evidence_missing | | evidence that was not available, in words
    """,
    "StyleMatch": """
        dimension | | name of the figure in the profile
        value | | the edit's
        low | | lower end of the creator's range
        high | | upper end
        inside | | whether the value lies in it
        typical | | the median of the creator's works
        noise | | standard deviation between his works: nearer than that is as near as he is to himself
    """,
    "FinalStatus": """
        exported | | true once it left for an NLE or as a film
        export_timestamp | ISO 8601 | when
        user_satisfaction | 1..5 | the survey's answer
        would_post_unchanged | | the survey's answer
        manual_edit_percentage | 0..100 % | share of clips that people changed
        time_ai_edit | >= 0 s | seconds the engine worked
        time_manual_edit | >= 0 s | seconds people worked
        time_saved | s | against editing by hand
    """,
}

MEDIA = {
    "Media": """
        media_id | | fingerprint of the content: a moved or renamed file keeps it
        path | | where the file was last seen
        kind | | video, audio or image
        duration_s | >= 0 s | length
        size_bytes | >= 0 bytes | size of the file
        container | | format, in ffmpeg's name
        video | | the picture stream; null when there is none
        audio | | the first usable sound stream; null when there is none
        created | ISO 8601 | when it was recorded, if the file says so
        camera | | what it was recorded with, if the file says so
        warnings | | what is odd about the file, in words
        rate | frames per second | `video.rate`, derived, like all that follow
        start_frame | frames | start timecode as a frame count
        duration_frames | frames | length
        stored_width | px | before rotation
        stored_height | px | before rotation
        display_width | px | after rotation, with square pixels
        display_height | px | after rotation
        rotation | degrees | clockwise turn for display
        variable_rate | | true for variable frame rate
        audio_channels | | channels of sound
        audio_rate_hz | Hz | sample rate of the sound
    """,
    "VideoStream": """
        codec | | in ffmpeg's name
        rate | frames per second | exact; the nominal rate where the rate varies
        duration_frames | >= 0 frames | length at `rate`
        stored_width | >= 1 px | before rotation
        stored_height | >= 1 px | before rotation
        rotation | 0..270 degrees | clockwise turn for display: 0, 90, 180 or 270
        mirrored | | flipped left to right after the turn
        sample_aspect | quotient | width of a stored pixel by its height
        pixel_format | | in ffmpeg's name
        bit_depth | >= 1 bits | per component
        has_alpha | | has transparency
        interlaced | | is interlaced
        variable_rate | | frames are not evenly spaced
        start_frame | frames | start timecode as a frame count; 0 where there is none
        has_timecode | | the file has a start timecode
        drop_frame | | the timecode leaves out labels
        colour | | colour tags
        stream_offset_s | s | how much later the first frame is shown than the earliest stream begins
    """,
    "AudioStream": """
        codec | | in ffmpeg's name
        sample_rate_hz | >= 1 Hz | samples per second
        channels | >= 1 | number of channels
        duration_s | >= 0 s | length
    """,
    "Colour": """
        primaries | | in ffmpeg's name; `unknown` where the file says nothing
        transfer | | in ffmpeg's name
        matrix | | in ffmpeg's name
        range | | in ffmpeg's name
        log | | the log curve the camera says it recorded, such as s-log3; absent for an ordinary picture
    """,
}

CUT_LIST = {
    "CutList": """
        name | | the timeline's name in the NLE
        rate | frames per second | exact; record frames count at it
        tracks | | tracks from bottom to top
        start_frame | frames | timecode of frame 0 as a count
        drop_frame | | labels are drop frame
        width | >= 1 px | null where the file says nothing
        height | >= 1 px | null where the file says nothing
        markers | | markers on the timeline
        dropped | | what the file said beside this, in words
        metadata | | the file's own remarks
    """,
    "CutTrack": """
        kind | | video or audio
        name | | its name
        events | | clips in order; what lies between them is gap
        transitions | | transitions between them
        enabled | | false: muted or hidden
        locked | | locked in the NLE
    """,
    "CutEvent": """
        name | | the clip's name in the NLE
        record | frames | where it lies, [start, end)
        media | | what it shows, as the file names it
        source_start_s | quotient, s | beginning in the media's own timecode
        source_end_s | quotient, s | end
        speed | quotient | seconds of source per second of timeline
        enabled | | false: disabled in the NLE
        locked | | locked in the NLE
        label | | its colour label
        notes | | its comments
        markers | | markers on it
        framing | | how the picture lies in the frame; empty where nothing is said
        metadata | | the file's own remarks
    """,
    "CutFraming": """
        at_s | quotient, s | from when on, from the beginning of the clip
        zoom | > 0 | how large, times the size that `of` names
        x | frame widths | how far the picture's middle lies to the right of the frame's
        y | frame heights | how far below it
        of | | which size counts as 1: all of it fits, it fills the frame, its own pixels
        sure | | the program itself says so
    """,
    "MediaLink": """
        name | | name of the media
        url | | where the file says it is
        media_start_s | quotient, s | its start timecode
        media_duration_s | quotient, s | its length
        rate | frames per second | its rate
        metadata | | the file's own remarks
    """,
    "CutMarker": """
        position_s | quotient, s | from the start of the list, or of the used source
        name | | short text
        note | | longer text
        colour | | colour in the NLE
    """,
    "CutTransition": """
        at | frames | the cut
        before | >= 0 frames | reach before it
        after | >= 0 frames | reach after it
        kind | | kind of transition
    """,
}

EVENTS = {
    "Event": """
        timestamp | ISO 8601 | when
        project_id | | in which project
        revision | >= 0 | in which revision
        door | | through which door: cli, panel, an NLE ...
        creator_id | | whose
    """,
    "ClipChanged": """
        clip_id | | the clip
        media_id | | its media
        ai_confidence | 0..1 | how sure the engine had been of it; null for a person's clip
    """,
    "EditGenerated": """
        clips | >= 0 | clips in the edit
        duration_s | >= 0 s | its length
        seconds_taken | >= 0 s | how long it took
        mean_confidence | 0..1 | mean of the clips' confidence
        clip_ids | - | the clips of the edit, in order
        confidences | 0..1 | confidence in each of them
        raw_confidences | 0..1 | the same as reckoned, before what people kept set it right
    """,
    "RegenerateRequested": """
        instruction | | what was asked
        section_start | >= 0 s | beginning of the section; null: from the start
        section_end | >= 0 s | end of the section; null: to the end
        locked_clips | >= 0 | clips that had to stay
    """,
    "ClipDeleted": """
        reason_selected | | reason from the list; null when none was given
        text | | reason in the user's own words
    """,
    "ClipReordered": """
        from_position | >= 0 | place before
        to_position | >= 0 | place after
    """,
    "ClipTrimmed": """
        head_frames | frames | taken off at the head (negative: added)
        tail_frames | frames | taken off at the tail
    """,
    "ClipSlipped": "by_frames | source frames | how much later the source begins",
    "ClipReframed": """
        x | 0-1 | left edge of what shows at first, share of the displayed picture
        y | 0-1 | its upper edge
        width | 0-1 | its width
        height | 0-1 | its height
        keys | >= 0 | keys of the crop: 1 stands still, more move; 0 where the picture does not fill the frame
    """,
    "ClipReplaced": """
        new_media_id | | what stands there now
        new_source_start_frame | >= 0 source frames | from where
    """,
    "ClipInserted": """
        position | >= 0 | its place
        source_start_frame | >= 0 source frames | where it begins in the file
        duration_frames | >= 0 frames | its length
    """,
    "ClipSplit": "into | | ids of the parts",
    "ClipRetimed": "speed | > 0 | seconds of source per second of timeline",
    "ClipLocked": "reason | | why",
    "TimelineExported": """
        format | | to which format
        duration_s | >= 0 s | length of the edit
    """,
    "TimelineRendered": """
        preset | | with which preset
        duration_s | >= 0 s | length of the edit
    """,
    "TimelineReviewed": "active_s | >= 0 s | seconds of attention; null: unknown",
    "TimelineRated": """
        satisfaction | 1..5 | null: not answered
        would_post | | as it is; null: not answered
        editing_minutes | min | of editing by hand, as the person says; null: not answered
    """,
    "Undone": "to_revision | >= 0 | the revision that counts now",
    "Redone": "to_revision | >= 0 | the revision that counts now",
}
