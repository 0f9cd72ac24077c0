"""The reports of the closed loop: facts about people and deals in, one document out.  Pure."""
