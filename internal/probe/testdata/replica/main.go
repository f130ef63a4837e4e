// Command replica serves what probes ask for: HTTP on 8080, HTTPS on 8443, gRPC
// health on 9000 and, with TLS, on 9443. It becomes ready a moment after it
// listens, like a model that is being loaded.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const loadTime = time.Second

func main() {
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned()}}
	checks := health.NewServer()
	checks.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	var ready atomic.Bool
	time.AfterFunc(loadTime, func() {
		ready.Store(true)
		checks.SetServingStatus("", grpc_health_v1.HealthCheckResponse_SERVING)
	})
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	go serveGRPC(":9000", checks)
	go serveGRPC(":9443", checks, grpc.Creds(credentials.NewTLS(config)))
	go func() {
		secure := &http.Server{Addr: ":8443", TLSConfig: config, ReadHeaderTimeout: time.Minute}
		log.Fatal(secure.ListenAndServeTLS("", ""))
	}()
	plain := &http.Server{Addr: ":8080", ReadHeaderTimeout: time.Minute}
	log.Fatal(plain.ListenAndServe())
}

func serveGRPC(address string, checks *health.Server, options ...grpc.ServerOption) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	grpc_health_v1.RegisterHealthServer(server, checks)
	log.Fatal(server.Serve(l))
}

// selfSigned is a certificate that nobody has a reason to trust.
func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
