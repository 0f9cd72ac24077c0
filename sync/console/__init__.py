"""What people see and type: tables, progress, the demo's story, arguments and exit codes.  Decides nothing."""
