package docker

// Labels of what endpoints make.
const (
	LabelEndpoint = "mlops.endpoint" // on a gateway, a lock and a record: the endpoint's name
	LabelImage    = "mlops.image"    // on a gateway: the image as the provider's configuration names it
)

// Values of LabelKind.
const (
	KindGateway  = "gateway"  // the container behind an endpoint
	KindEndpoint = "endpoint" // a volume: an endpoint's record
)
