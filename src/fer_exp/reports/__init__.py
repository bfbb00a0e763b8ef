"""What people see: tables, figures, what a run records of itself, the matrix, the answer page."""
