"""Behind `minidl lessons`: finding the scripts, running them, and turning them into a page."""
