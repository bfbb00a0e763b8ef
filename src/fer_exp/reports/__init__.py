"""What people see: tables, figures, the record of a run, the matrix, the answer page."""
