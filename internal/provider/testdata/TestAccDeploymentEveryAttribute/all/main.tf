# Nothing beside.
