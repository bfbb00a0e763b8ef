"""The 68 landmarks of a face (iBUG 300-W): finding them in pictures, judging them, and their geometry."""
