"""Assignments: skeletons for students, and a grader that student code cannot fool."""
