package docker

// LabelPID is, on a session, the process that made it, decimal: a number that
// means something on the machine that LabelHost names.
const LabelPID = "mlops.pid"
