"""Rows of `meanings`: analyses, style and wishes."""

from __future__ import annotations

__all__ = ["ANALYSIS", "STYLE"]

ANALYSIS = {
    "ClipAnalysis": """
        media_id | | the clip
        analyser_version | | version of what measured it
        options | | options it was measured with
        rate | frames per second | frames here count at it, from the clip's first
        duration_frames | >= 0 frames | length
        shots | | stretches without a cut inside
        shot_type | 0..1 | probability of each shot type
        angle | 0..1 | probability of each camera angle
        motion | 0..1 | probability of each kind of camera motion
        motion_intensity | 0..1 | how much moves, camera and subject together
        visual_quality | 0..1 | sharpness, light and steadiness together
        quality_parts | 0..1 | named parts of it
        blur | 0..1 | share of lost sharpness: 0 sharp, 1 mush
        focus_blur | 0..1 | the part of it that the lens lost
        motion_blur | 0..1 | the part of it that motion smeared
        flow | heights per second | motion as optical flow at the clip's own size sees it; null: not measured
        detail | 0..1 | fine detail at the clip's own size
        exposure | 0..1 | mean luma
        shake_per_height | >= 0 of height | mean jerk of the camera's path per frame
        color_variance | 0..1 | spread of colour
        palette | | up to five colours: red, green, blue (0 to 255) and share of the picture
        white_balance | CIELAB units | how far grey is from grey: warmth (yellow positive), tint (magenta positive)
        lit | 0..1 | mean luma of what is not black: by it, light is judged; null: as `exposure`
        clipped | 0..1 | share of pixels burnt out or crushed
        flicker | 0..1 | pumping of the light
        camera | | mean motion: pan and tilt (share of the picture per second), zoom (factor - 1 per second), roll (degrees per second)
        faces | | faces seen
        bodies | | standing people seen
        subjects | | where the thing to look at is
        loudness_lufs | LUFS | integrated loudness; null without sound
        speech | 0..1 | probability that somebody speaks; null: not measured
        curves | | measurements over time by name: motion, sharpness, exposure, shake, quality ...
        signatures | 64 bits | perceptual hashes as 16 hex digits, one every `signature_step_frames`
        signature_step_frames | >= 1 frames | distance of the signatures
        prints | | frames as tiny pictures, by which they are found again in other files
        said_usable | | whether a person said that it may be used; null: nothing was said
        said_look | | what a person calls its look; null: nothing was said
        evidence | | what each set of probabilities rests on
        missing | | evidence that was not available, and why
        warnings | | what is odd about the clip, in words
    """,
    "Curve": """
        step_frames | >= 1 frames | frames that one sample speaks for
        values | | samples; null where nothing could be measured
    """,
    "Prints": """
        step_frames | >= 1 frames | frames that one print speaks for
        rows | >= 0 cells | height
        columns | >= 0 cells | width
        values | 8-bit luma | one picture each, row after row, as base64
    """,
    "Shot": """
        start_frame | >= 0 frames | first frame
        end_frame | >= 0 frames | end, not included
        begins_with | | how it begins
    """,
    "Face": """
        frame | >= 0 frames | where it was seen
        box | | where in the picture
        pose | | frontal or profile
        confidence | 0..1 | how sure
    """,
    "Subject": """
        frame | >= 0 frames | where it was seen
        box | | where in the picture
        confidence | 0..1 | how sure
    """,
    "Box": """
        x | of width | left edge in the displayed picture
        y | of height | top edge
        width | of width | width
        height | of height | height
    """,
    "SongAnalysis": """
        media_id | | the song
        analyser_version | | version of what measured it
        options | | options it was measured with
        duration_s | >= 0 s | length
        tempo_bpm | > 0 beats per minute | tempo
        tempo_alternatives | | other tempi it could be counted in
        confidence | 0..1 | how sure the beats are
        beats | s | beats, ascending
        downbeats | s | first beats of bars, ascending; each is a beat
        accents | 0..1 | weight of each beat
        beats_per_bar | >= 1 | beats in a bar
        beat_source | | where the beats come from
        sections | | stretches of the song
        drops | s | where the music drops in
        phrase_starts | s | beginnings of phrases
        energy | 0..1 | loudness over time
        energy_rate_hz | > 0 Hz | samples of `energy` per second
        loudness_lufs | LUFS | integrated loudness; null for silence
        notes | | what a listener should know
        onsets | s | when something begins to sound, ascending
        onset_strengths | 0..1 | how strongly each does
        energy_level | 0..1 | the same as `energy` over the bars around
    """,
    "TempoAlternative": """
        bpm | > 0 beats per minute | tempo
        confidence | 0..1 | share of belief
    """,
}

STYLE = {
    "StyleProfile": """
        creator_id | | whose fingerprint; null for the neutral prior
        trained_on_videos | >= 0 | how many works it was learned from
        last_updated | ISO 8601 | when it was learned
        shot_patterns | | lengths and kinds of shots
        sequencing_patterns | | what follows what
        pacing_patterns | | how cuts lie to the beat
        energy_matching | | how loud and quiet music is cut
        transition_preferences | | shares of transitions
        quality_thresholds | | limits below or above which a clip is not used
        learned_model | | a trained selector beside the statistics; null when there is none
        moment_preferences | | which part of a take is chosen
        figures | | dotted name of a figure: how well it is known
        ranges | | dimension of style: what the creator's works span
        sliders | | what a person asks for on top of what was learned
        works | | what it was learned from
        notes | | in words
    """,
    "ShotPatterns": """
        avg_shot_length | >= 0 s | mean
        shot_length_std | >= 0 s | standard deviation
        shot_length_distribution | >= 0 s | p10, p25, p50, p75, p90
        shot_types | 0..1 | share of each shot type; they sum to 1
    """,
    "SequencingPatterns": """
        angle_transitions | 0..1 | `front_to_side`: probability of the second given the first
        same_angle_repeat_rate | 0..1 | share of cuts that stay at the angle
        max_same_angle_streak | >= 0 | most shots in a row from one angle
        shot_type_transitions | 0..1 | the same of shot types
        motion_transitions | 0..1 | the same of camera motions
        angle_return_rate | 0..1 | share of changes of angle after which the third shot is like the first again
        shot_type_return_rate | 0..1 | the same of shot types
    """,
    "PacingPatterns": """
        cuts_per_beat | >= 0 | cuts divided by beats
        beat_skip_rate | 0..1 | share of beats without a cut where one was expected
        hold_duration_close_up | >= 0 s | mean length of close-ups
        hold_duration_medium | >= 0 s | mean length of medium shots
        hold_duration_wide | >= 0 s | mean length of wide shots
        beat_offset_frames | 0..1 | offset of cuts to their beat in frames at 30 fps (negative: early): share
        duration_beats | 0..1 | length of shots in beats: share
        on_beat_rate | 0..1 | share of cuts within 70 ms of a beat
        bar_cut_rate | 0..1 | share of cuts on bar lines, section starts and drops
    """,
    "EnergyMatching": """
        high_energy_sections | | how loud sections are cut
        low_energy_sections | | how quiet sections are cut
    """,
    "EnergyRule": """
        preferred_shot_type | | the commonest
        cut_frequency | | how often
        motion_preference | 0..1 | wanted motion intensity
    """,
    "TransitionPreferences": """
        hard_cut | 0..1 | share
        quick_dissolve | 0..1 | share
        whip_pan | 0..1 | share
        dip_to_black | 0..1 | share
        flash | 0..1 | share
    """,
    "QualityThresholds": """
        min_visual_quality | 0..1 | least `visual_quality`
        max_motion_blur | 0..1 | most `blur`
        min_exposure | 0..1 | least `lit`
        max_exposure | 0..1 | most `exposure`
    """,
    "LearnedModel": """
        model_type | | what trained it
        model_path | | file beside the profile: JSON, never pickle
        feature_importance | | share of each feature in its decisions
        version | >= 1 | counts up with every training
        projects | >= 0 | sessions and old projects that taught it selection
    """,
    "StyleRange": """
        low | | 10th percentile over the works
        high | | 90th percentile
        median | | median
        n | >= 0 | works
    """,
    "Sliders": """
        pace | -1..1 | slower to quicker
        energy | -1..1 | calmer to livelier
        beat | -1..1 | freer to stricter on the beat
        transitions | -1..1 | harder to softer
    """,
    "LinearModel": """
        features | | names of the columns
        centre | | taken off each
        scale | > 0 | then divided by
        weights | | log odds per unit
        covariance | | of the weights, row after row; empty where unknown
        bias | | log odds where every feature is at its centre
    """,
    "StyleModels": """
        creator_id | | whose
        number | >= 1 | counts up with every training
        selection | | which clips are chosen
        pace | | when a shot ends
        selection_trees | | xgboost's own JSON of the residual; empty where it did not help
        pace_trees | | the same for pace
        calibration | | slope and intercept from selection score to the log odds of being used
        projects | >= 0 | sessions and old projects it learned selection from
        shots | >= 0 | shots it learned pace from
        notes | | in words
    """,
    "FinishedWork": """
        name | | its file's name
        media_id | | fingerprint of its content
        kind | | what it was: a video, an old project with its raw clips, a timeline, a session
        duration_s | >= 0 s | length
        width | >= 0 px | as displayed
        height | >= 0 px | as displayed
        fps | > 0 frames per second | rate
        shots | | in order
        grid | | the beats under it; null without music
        raw | | the clips it was cut from, used or not; empty where unknown
        signature | 64 bits | perceptual hashes as 16 hex digits, two a second
        speech | 0..1 | probability that somebody speaks; null: not measured
        learned_at | ISO 8601 | when
        misfit | | why it does not look like the creator's other works
        left_out | | kept, but not learned from
        notes | | what is odd about it
    """,
    "FinishedShot": """
        start_s | s | in the work
        duration_s | >= 0 s | length
        begins_with | | how it begins
        shot_type | 0..1 | probability of each shot type
        angle | 0..1 | probability of each angle
        motion | 0..1 | probability of each kind of camera motion
        features | | what was measured, by name
        energy | 0..1 | of the music under it; null without music
        energy_rise | | against the second before it
        strength | 0..1 | how much the music asks for the opening cut
        beats | >= 0 | length in beats
        offset_s | s | opening cut against its nearest beat; negative: early
        used | | the raw clip it comes from; null where unknown
    """,
    "RawUse": """
        media_id | | the raw clip
        start_s | s | in it
        end_s | s | in it
        speed | > 0 | of playing
        mirrored | | flipped left to right
        confidence | 0..1 | how sure
    """,
    "RawClip": """
        media_id | | the clip
        file | | its name
        duration_s | >= 0 s | length
        features | | what was measured, by name
        used | | whether the work shows it
        group | | clips of one number are near-duplicates
    """,
    "BeatGrid": """
        bpm | > 0 beats per minute | tempo
        confidence | 0..1 | how sure the beats are
        times_s | s | beats, from the work's start
        strengths | 0..1 | how much the music asks for a cut there
        energies | 0..1 | of the second that follows
    """,
    "MomentPreferences": """
        position | 0..1 | shares over ten equal parts of the take
        motion_peak | 0..1 | pull of the strongest motion
        face | 0..1 | pull of a face
    """,
    "Figures": """
        n | >= 0 | observations it rests on
        std_error | >= 0 | in the figure's own unit; null where there is none
        source | | the prior alone, mostly the prior (more than half), the two blended, or the creator (four fifths and more)
        prior | | the population's value
    """,
    "Work": """
        name | | its file's name
        media_id | | fingerprint of its content
        shots | >= 0 | shots in it
        kind | | what it was
        left_out | | kept, but not learned from
    """,
    "Brief": """
        rate | frames per second | of the edit, exact
        width | >= 2 px | even
        height | >= 2 px | even
        duration_frames | >= 1 frames | wanted length
        seed | | decides between equals
        creator_id | | whose style; null for the only creator there is, or the prior
        audio | | what is to be heard
        song_start_s | >= 0 s | second of the song at frame 0; null lets the engine choose
        song_loop | | repeat a song that is too short, at bar lines
        song_join | | allow the song to be shortened by a join at bar lines
        must_use | | clips that have to be in it
        avoid | | clips that must not be
        first | | the clip to begin with
        last | | the clip to end with
        slow_motion | | play high frame rates slowly
        draft | | quick and rough
        looks | | together: once left, a look does not come back; each: every look is shown; empty: neither
        shortest_s | s | of a shot; null: the engine's own
        longest_s | s | of a shot; null: the engine's own
        without | | parts of the objective that are left out
    """,
    "ClipWish": """
        media_id | | the clip
        span | source frames | the part that is meant, [start, end); null: any
    """,
}
