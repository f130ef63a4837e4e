package docker

// Labels of what workflows make.
const (
	LabelWorkflow = "mlops.workflow" // name
	LabelStep     = "mlops.step"     // name, of a job or a result
	LabelHash     = "mlops.hash"     // of the step's inputs, of a job or a result
	LabelAttempt  = "mlops.attempt"  // on a job: decimal, from 1
	LabelNumber   = "mlops.number"   // decimal: of a run; of a result among those of one hash
	LabelEdition  = "mlops.edition"  // on a run: decimal, grows with each record of the same run
	LabelResult   = "mlops.result"   // on a result: the step's result as JSON
	LabelRun      = "mlops.run"      // on a run: the run as JSON
	LabelArtifact = "mlops.artifact" // on a result, and on what is to be collected: digest of the artifact it names
)

// Values of LabelKind.
const (
	KindJob       = "job"       // a container that runs to its end
	KindResult    = "result"    // a volume: what a step came to
	KindRun       = "run"       // a volume: what a run came to
	KindForgotten = "forgotten" // a volume: an artifact that no result names any more and that is to be removed
)
