"""One page that says what a sweep or a run on a device found."""
