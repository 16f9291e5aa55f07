"""Files in: what they are, their pixels and sound as arrays, their identity. The one room that starts ffmpeg or knows PyAV."""
