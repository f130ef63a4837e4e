package docker

// Labels of what workflows make.
const (
	LabelWorkflow = "mlops.workflow" // name
	LabelStep     = "mlops.step"     // name, of a job or a result
	LabelHash     = "mlops.hash"     // of the step's inputs, of a job or a result
	LabelAttempt  = "mlops.attempt"  // on a job: decimal, from 1
	LabelNumber   = "mlops.number"   // on a run: decimal, from 1
	LabelEdition  = "mlops.edition"  // on a result or a run: decimal, grows with each writing over
	LabelResult   = "mlops.result"   // on a result: the step's result as JSON
	LabelRun      = "mlops.run"      // on a run: the run as JSON
)

// Values of LabelKind.
const (
	KindJob    = "job"    // a container that runs to its end
	KindResult = "result" // a volume: what a step came to
	KindRun    = "run"    // a volume: what a run came to
)
