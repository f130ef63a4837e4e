package gateway

import "io"

// What tests that need an engine, and so are of another package, need of this one.

// GoldenArchives are the golden configurations, each as a gateway gets them: a
// tar for the root of its container, with a certificate and its private key.
func GoldenArchives(bundle string) (map[string]io.Reader, error) {
	out := map[string]io.Reader{}
	for name, c := range goldenConfigs {
		f, err := render(c)
		if err != nil {
			return nil, err
		}
		if c.tls != nil {
			f[certificateFile(c.tls.Hash)] = bundle
		}
		out[name] = archive(f, "", folder[1:])
	}
	return out, nil
}

// ConfigPath is where the configuration then is.
const ConfigPath = folder + "/" + configFile

// User is whom the files belong to.
const User = gatewayUser
