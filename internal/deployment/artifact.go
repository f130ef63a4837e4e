package deployment

// Artifact is an immutable, content-addressed model: the named volume that
// holds it, where in the volume it lies, and the digest of its content.
type Artifact struct {
	Volume string `json:"volume"`         // mlops-model-<hex>
	Path   string `json:"path,omitempty"` // of the model inside the volume, "" for the volume's root
	Digest string `json:"digest"`         // sha256:<hex> over paths, modes and contents
	Size   int64  `json:"size,omitempty"` // bytes of content
}

// Model is how a deployment mounts the artifact.
func (a Artifact) Model() *Model {
	return &Model{Volume: a.Volume, Path: a.Path, Digest: a.Digest}
}
