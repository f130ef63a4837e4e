package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// BenchmarkGatewayThroughput is how long requests take that a server needs 5 ms
// for, over connections that are kept and each busy all the time, through a
// gateway and straight to its replicas. throughput_x_direct is what of the
// direct throughput is left: the inverse of the ratio of the times.
//
// Client, proxy and replicas share the machine. With few connections the
// servers' 5 ms bound the throughput; with many the cores do, and what the proxy
// takes of them is missing elsewhere.
//
// The engine has to run on this machine, as replicas are asked at their addresses.
func BenchmarkGatewayThroughput(b *testing.B) {
	r := newRolloutBench(b)
	r.front(b)
	var replicas []string
	for _, name := range []string{r.spec.Name, r.spec.Name + ".2"} {
		replicas = append(replicas, r.address(b, name, r.network()))
	}
	gateway := []string{r.address(b, endpoint.GatewayName(r.endpoint()), endpoint.EdgeNetwork(r.network()))}
	for _, connections := range []int{16, 64} {
		b.Run(fmt.Sprintf("%d connections", connections), func(b *testing.B) {
			var direct, through series
			for b.Loop() {
				for range *rounds {
					took, _ := questions{addresses: replicas, connections: connections, path: slowPath}.ask(b)
					direct = append(direct, took)
					took, _ = questions{addresses: gateway, connections: connections, path: slowPath}.ask(b)
					through = append(through, took)
				}
			}
			compare(b, "gateway", through, direct)
			b.ReportMetric(direct.median().Seconds()/through.median().Seconds(), "throughput_x_direct")
		})
	}
}

// BenchmarkGatewayGuarded is the same with TLS, a key and the access log, and
// what that adds to the median time of a request, of which few are in flight
// then; with servers that take 5 ms, and with such as answer at once.
func BenchmarkGatewayGuarded(b *testing.B) {
	r := newRolloutBench(b)
	certificatePEM, key := certificate.Issue(b, "bench")
	spec := r.frontSpec()
	spec.TLS = &endpoint.TLS{Certificate: certificatePEM, PrivateKey: key}
	spec.Auth = &endpoint.Auth{Keys: []endpoint.APIKey{{Name: "bench", Hash: endpoint.HashKey(benchKey)}}}
	spec.AccessLog = true
	r.frontWith(b, spec)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(certificatePEM))
	var replicas []string
	for _, name := range []string{r.spec.Name, r.spec.Name + ".2"} {
		replicas = append(replicas, r.address(b, name, r.network()))
	}
	gateway := []string{r.address(b, endpoint.GatewayName(r.endpoint()), endpoint.EdgeNetwork(r.network()))}
	for what, path := range map[string]string{"5 ms": slowPath, "at once": "/version"} {
		for _, connections := range []int{4, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d connections", what, connections), func(b *testing.B) {
				var direct, through, directMedian, throughMedian series
				for b.Loop() {
					for range *rounds {
						took, median := questions{addresses: replicas, connections: connections, path: path}.ask(b)
						direct, directMedian = append(direct, took), append(directMedian, median)
						took, median = questions{
							addresses: gateway, connections: connections, path: path, header: "X-API-Key: " + benchKey + "\r\n",
							secure: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
						}.ask(b)
						through, throughMedian = append(through, took), append(throughMedian, median)
					}
				}
				compare(b, "gateway", through, direct)
				b.ReportMetric(direct.median().Seconds()/through.median().Seconds(), "throughput_x_direct")
				b.ReportMetric(1000*(throughMedian.median()-directMedian.median()).Seconds(), "p50_added_ms")
			})
		}
	}
}

const (
	slowPath = "/slow?d=5ms"
	benchKey = "the-key-of-the-bench"
)

// address is where a container of the bench serves on a network.
func (r *rolloutBench) address(b *testing.B, container, network string) string {
	b.Helper()
	c, err := r.Client.InspectContainer(b.Context(), container)
	if err != nil {
		b.Fatal(err)
	}
	ip := c.Networks[network].IPAddress
	if ip == "" {
		b.Fatalf("%s has no address on the network %s", container, network)
	}
	return net.JoinHostPort(ip, "8080")
}

// perMeasurement is how many requests one measurement takes: seconds.
const perMeasurement = 6000

// questions are what a measurement asks: the same again and again, over
// connections to the addresses in turns, each of which is always busy.
type questions struct {
	addresses   []string
	connections int
	path        string
	header      string      // lines
	secure      *tls.Config // nil: plain HTTP
}

// ask returns how long all of it took, and the median of the requests.
func (q questions) ask(b *testing.B) (took, median time.Duration) {
	b.Helper()
	var sent atomic.Int64
	times := make([]series, q.connections)
	group, ctx := errgroup.WithContext(b.Context())
	began := time.Now()
	for i := range q.connections {
		group.Go(func() error {
			conn, err := q.dial(ctx, q.addresses[i%len(q.addresses)])
			if err != nil {
				return err
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			for sent.Add(1) <= perMeasurement {
				asked := time.Now()
				if err := q.once(conn, reader); err != nil {
					return err
				}
				times[i] = append(times[i], time.Since(asked))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began), slices.Concat(times...).median()
}

func (q questions) dial(ctx context.Context, address string) (net.Conn, error) {
	if q.secure != nil {
		return (&tls.Dialer{Config: q.secure}).DialContext(ctx, "tcp", address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// once asks one of them, and reads the answer.
func (q questions) once(conn io.Writer, reader *bufio.Reader) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: bench\r\n%s\r\n", q.path, q.header); err != nil {
		return err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
