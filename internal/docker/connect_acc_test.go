package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// acceptance skips a test that needs an engine unless TF_ACC is set. Then it fails where something is missing.
func acceptance(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1")
	}
}

func TestAccConnectUnix(t *testing.T) {
	acceptance(t)
	useEngine(t, Options{})
}

func TestAccConnectMutualTLS(t *testing.T) {
	acceptance(t)
	ca := newAuthority(t)
	host := forwardTLS(t, ca.serverConfig())
	cert, key := ca.issue()

	useEngine(t, Options{Host: host, TLS: &TLS{CA: ca.pem, Cert: cert, Key: key}})

	other := newAuthority(t)
	foreignCert, foreignKey := other.issue()
	for name, refused := range map[string]struct {
		tls   TLS
		cause string
	}{
		"no client certificate":      {TLS{CA: ca.pem}, "certificate required"},
		"foreign client certificate": {TLS{CA: ca.pem, Cert: foreignCert, Key: foreignKey}, "unknown certificate authority"},
		"foreign authority":          {TLS{CA: other.pem, Cert: cert, Key: key}, "certificate signed by unknown authority"},
		"authority left out":         {TLS{Cert: cert, Key: key}, "certificate signed by unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			mustNotConnect(t, Options{Host: host, TLS: &refused.tls}, refused.cause)
		})
	}
}

func TestAccConnectDockerHostWithTLS(t *testing.T) {
	acceptance(t)
	ca := newAuthority(t)
	host := forwardTLS(t, ca.serverConfig())
	dir := writePKI(t, ca)
	useEngine(t, Options{Env: environment(map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir})})
}

// TestAccConnectContextWithTLS uses a context that the real docker CLI has made.
func TestAccConnectContextWithTLS(t *testing.T) {
	acceptance(t)
	ca := newAuthority(t)
	host := forwardTLS(t, ca.serverConfig())
	dir, configDir := writePKI(t, ca), t.TempDir()
	dockerCLI(t, configDir, "context", "create", "secured", "--docker",
		"host="+host+",ca="+dir+"/ca.pem,cert="+dir+"/cert.pem,key="+dir+"/key.pem")

	env := map[string]string{"DOCKER_CONFIG": configDir}
	c := useEngine(t, Options{Context: "secured", Env: environment(env)})
	if c.Endpoint.Host != host || len(c.Endpoint.Warnings) > 0 {
		t.Errorf("got %s, %q", c.Endpoint.Host, c.Endpoint.Warnings)
	}
	dockerCLI(t, configDir, "context", "use", "secured")
	c = useEngine(t, Options{Env: environment(env)})
	if want := `context "secured" current in the docker CLI`; c.Endpoint.Why != want {
		t.Errorf("chosen by %s, want %s", c.Endpoint.Why, want)
	}
	dockerCLI(t, configDir, "context", "create", "bare", "--docker", "host="+host+",ca="+dir+"/ca.pem")
	mustNotConnect(t, Options{Context: "bare", Env: environment(env)}, "certificate required")
}

// useEngine connects and makes both kinds of calls: requests, and streams on connections that are taken over.
func useEngine(t *testing.T, opts Options) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Connect(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if c.APIVersion == "" || c.EngineVersion == "" {
		t.Errorf("got API %q of engine %q", c.APIVersion, c.EngineVersion)
	}
	if _, err := c.api.ContainerList(ctx, container.ListOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	id := runStreamContainer(ctx, t, c)
	text := strings.Repeat("through the tunnel\n", 10_000)
	if got := echo(ctx, t, c, id, text); got != text {
		t.Errorf("the stream returned %d bytes of %d", len(got), len(text))
	}
	return c
}

// echo sends text to an exec, half-closes the stream, which is how the exec learns the end, and reads all it answers.
func echo(ctx context.Context, t *testing.T, c *Client, id, text string) string {
	t.Helper()
	created, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: []string{"/stream"}, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	go func() {
		_, _ = io.WriteString(stream.Conn, text)
		_ = stream.CloseWrite()
	}()
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, stream.Reader); err != nil {
		t.Fatal(err)
	}
	return stdout.String() + stderr.String()
}

// runStreamContainer imports the test image and runs a container of it; both are removed with the test.
func runStreamContainer(ctx context.Context, t *testing.T, c *Client) (id string) {
	t.Helper()
	tag := "mlops-connect-test:" + strings.ToLower(filepath.Base(t.TempDir())) + "-" + time.Now().Format("150405.000000000")
	response, err := c.api.ImageImport(ctx, image.ImportSource{Source: streamImage(t), SourceName: "-"}, tag, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response); err != nil {
		t.Fatal(err)
	}
	_ = response.Close()
	t.Cleanup(func() { _, _ = c.api.ImageRemove(context.Background(), tag, image.RemoveOptions{Force: true}) })
	created, err := c.api.ContainerCreate(ctx, &container.Config{Image: tag, Cmd: []string{"/stream", "wait"}},
		&container.HostConfig{NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.api.ContainerRemove(context.Background(), created.ID, container.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	if err := c.api.ContainerStart(ctx, created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// streamImage is an image as a tar: one static program.
func streamImage(t *testing.T) io.Reader {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "stream")
	build := exec.Command("go", "build", "-o", binary, "./testdata/connect/stream")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the test image: %v: %s", err, out)
	}
	content := readFile(t, binary)
	var buffer bytes.Buffer
	files := tar.NewWriter(&buffer)
	if err := files.WriteHeader(&tar.Header{Name: "stream", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(files, content); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func mustNotConnect(t *testing.T, opts Options, cause string) {
	t.Helper()
	began := time.Now()
	c, err := Connect(context.Background(), opts)
	if err == nil {
		_ = c.Close()
		t.Fatalf("connected, want %s", cause)
	}
	t.Log(err)
	if !errors.Is(err, deployment.ErrUnreachable) || !strings.Contains(err.Error(), cause) {
		t.Errorf("got %v, want …%s…", err, cause)
	}
	if took := time.Since(began); took > defaultConnectTimeout+3*time.Second {
		t.Errorf("it took %s to say so", took)
	}
}

// forwardTLS serves the engine of this test run on a TLS port, and returns its address.
func forwardTLS(t *testing.T, config *tls.Config) (host string) {
	t.Helper()
	endpoint, err := Resolve(Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := newDialer(endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go forwardConn(conn.(*tls.Conn), engine)
		}
	}()
	return "tcp://" + listener.Addr().String()
}

// forwardConn joins one connection with the engine, keeping half-closes.
func forwardConn(conn *tls.Conn, engine *dialer) {
	defer func() { _ = conn.Close() }()
	if conn.Handshake() != nil {
		return
	}
	upstream, err := engine.DialContext(context.Background(), "", "")
	if err != nil {
		return
	}
	defer func() { _ = upstream.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(upstream, conn)
		_ = upstream.(interface{ CloseWrite() error }).CloseWrite()
	}()
	_, _ = io.Copy(conn, upstream)
	_ = conn.CloseWrite()
	<-done
}

// writePKI writes ca.pem and a client's cert.pem and key.pem.
func writePKI(t *testing.T, ca *authority) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cert, key := ca.issue()
	for name, content := range map[string]string{"ca.pem": ca.pem, "cert.pem": cert, "key.pem": key} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func dockerCLI(t *testing.T, configDir string, args ...string) {
	t.Helper()
	out, err := exec.Command("docker", append([]string{"--config", configDir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v: %s (the docker CLI must be on PATH: Debian package docker.io)", strings.Join(args, " "), err, out)
	}
}
