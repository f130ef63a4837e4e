package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"runtime"
)

// Image is an image of one layer.
type Image struct {
	Layer      []byte   // a tar
	Entrypoint []string // absolute path of the program, and arguments
	Env        []string // NAME=value
	Arch       string   // in Go's words; "" is this machine's
}

// The media types of Docker's second image format.
const (
	manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	configType   = "application/vnd.docker.container.image.v1+json"
	layerType    = "application/vnd.docker.image.rootfs.diff.tar"
)

// descriptor names content in a manifest.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Size      int    `json:"size"`
	Digest    string `json:"digest"`
}

// Push puts an image into the registry: repository has no host and no tag. It
// returns the reference to pull it by and the digest of its manifest; pushed
// again, the tag moves.
func (r *Registry) Push(repository, tag string, image Image) (ref, digest string) {
	r.t.Helper()
	arch := image.Arch
	if arch == "" {
		arch = runtime.GOARCH
	}
	config := encoded(r, map[string]any{
		"architecture": arch, "os": "linux",
		"config": map[string]any{"Entrypoint": image.Entrypoint, "Env": image.Env},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digestOf(image.Layer)}},
	})
	manifest := encoded(r, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": r.upload(repository, configType, config),
		"layers": []descriptor{r.upload(repository, layerType, image.Layer)},
	})
	r.ask(http.MethodPut, "http://"+r.Host+"/v2/"+repository+"/manifests/"+tag, manifestType, manifest, http.StatusCreated)
	return r.Host + "/" + repository + ":" + tag, digestOf(manifest)
}

func encoded(r *Registry, value any) []byte {
	r.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// upload puts content into a repository, in one piece.
func (r *Registry) upload(repository, mediaType string, content []byte) descriptor {
	r.t.Helper()
	d := descriptor{MediaType: mediaType, Size: len(content), Digest: digestOf(content)}
	begun := r.ask(http.MethodPost, "http://"+r.Host+"/v2/"+repository+"/blobs/uploads/", "", nil, http.StatusAccepted)
	at, err := url.Parse(begun.Get("Location"))
	if err != nil {
		r.t.Fatal(err)
	}
	query := at.Query()
	query.Set("digest", d.Digest)
	at.RawQuery = query.Encode()
	r.ask(http.MethodPut, at.String(), "application/octet-stream", content, http.StatusCreated)
	return d
}

// ask sends a request as the one user; the headers of its answer, which must
// have the status.
func (r *Registry) ask(method, address, contentType string, body []byte, status int) http.Header {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.SetBasicAuth(r.Username, r.Password)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		r.t.Fatalf("%s %s: %s, %v\n%s", method, address, answer.Status, err, said)
	}
	return answer.Header
}
