"""What in a student's source a person should look at; nothing is run, and no point is taken."""
