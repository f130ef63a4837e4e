package docker

// LabelEndpoint is, on a gateway, a lock and a record, the endpoint's name.
const LabelEndpoint = "mlops.endpoint"

// Values of LabelKind.
const (
	KindGateway  = "gateway"  // the container behind an endpoint
	KindEndpoint = "endpoint" // a volume: an endpoint's record
)
