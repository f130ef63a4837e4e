package artifact

// ContentError says that a folder holds what no artifact can, or lacks what it
// should have: the fault of whoever wrote it, and not the engine's.
type ContentError struct {
	Folder string
	Err    error // a clause: `has no "model.pt", which model_file names`
}

func (e *ContentError) Error() string { return "folder " + e.Folder + " " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ContentError) Unwrap() error { return e.Err }

// storable refuses a folder that cannot become an artifact.
func storable(folder string, entries []Entry, modelFile string) error {
	err := checkTree(entries)
	if err == nil && modelFile != "" {
		err = holdsModel(entries, modelFile)
	}
	if err != nil {
		return &ContentError{Folder: folder, Err: err}
	}
	return nil
}
