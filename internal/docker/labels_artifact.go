package docker

// Labels of artifacts and models, which are volumes.
const (
	LabelDigest  = "mlops.digest"  // on an artifact, a model's record and what reads or writes an artifact: sha256:<hex>
	LabelModel   = "mlops.model"   // on a model's record: the model's name
	LabelVersion = "mlops.version" // on a model's record: the user's own word for it
	LabelPath    = "mlops.path"    // on a model's record: of the model inside the artifact
	LabelSize    = "mlops.size"    // on a model's record: bytes, decimal
	LabelSource  = "mlops.source"  // on a model's record: where it was uploaded from
	LabelPolicy  = "mlops.policy"  // on a model's record: JSON
	LabelVolume  = "mlops.volume"  // on a helper: what it reads or writes
)

// Values of LabelKind.
const (
	KindArtifact = "artifact" // a volume with a model's files
	KindModel    = "model"    // a model's record
	KindHelper   = "helper"   // a container that is never started, through which files are copied
)
