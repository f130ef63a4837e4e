package session

// ProbeImage is the image that sessions and locks are made from. It has a shell
// and the usual small programs.
func (m *Manager) ProbeImage() string { return m.cfg.ProbeImage }
