package docker

// Labels of what endpoints make.
const LabelEndpoint = "mlops.endpoint" // name, on a gateway, a lock and a record

// Values of LabelKind.
const (
	KindGateway  = "gateway"  // the container behind an endpoint
	KindEndpoint = "endpoint" // a volume: an endpoint's record
)
