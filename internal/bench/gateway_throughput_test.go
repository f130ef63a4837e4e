package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
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
					direct = append(direct, throughput(b, replicas, connections))
					through = append(through, throughput(b, gateway, connections))
				}
			}
			compare(b, "gateway", through, direct)
			b.ReportMetric(direct.median().Seconds()/through.median().Seconds(), "throughput_x_direct")
		})
	}
}

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

// throughput is the time that it takes, over connections to the addresses in turns.
func throughput(b *testing.B, addresses []string, connections int) time.Duration {
	b.Helper()
	var sent atomic.Int64
	group, ctx := errgroup.WithContext(b.Context())
	began := time.Now()
	for i := range connections {
		group.Go(func() error {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", addresses[i%len(addresses)])
			if err != nil {
				return err
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			for sent.Add(1) <= perMeasurement {
				if err := askSlow(conn, reader); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// askSlow asks for an answer that takes 5 ms, and reads it.
func askSlow(conn io.Writer, reader *bufio.Reader) error {
	if _, err := io.WriteString(conn, "GET /slow?d=5ms HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
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
