package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/probe"
)

// methods are what a golden request can be sent with.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

const (
	// maxRequests bounds the golden requests of a deployment: they are read with every plan.
	maxRequests = 32
	maxRepeat   = 1000
)

func validationAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Golden requests: a new replica has to answer them as expected, after `readiness` and before its first request from anybody else; "+
			"if it does not, the change fails and is rolled back. They are asked in this order, from inside the provider's network, each in a connection of its own. "+
			"At most 32, with bodies of 64 MiB together. The state holds them. A record, which an import is made of, holds bodies of up to 4 KiB; of a larger one it holds the digest, "+
			"which then stands in the state for the `body` that has it. Needs `readiness` or `health_check`. Default: none.", changesNothing),
		Validators: []validator.List{elements{}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"path"}}}, Attributes: map[string]schema.Attribute{
			"method": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Method: "+quoted(methods)+". Default: `POST` with a `body`, else `GET`.", changesNothing),
				Validators:          []validator.String{stringIs{oneOf(methods)}},
			},
			"path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Path of the request, with its query, such as `/v2/models/hairnet/infer`. Required.", changesNothing),
				Validators:          []validator.String{stringIs{isURLPath}},
			},
			"scheme": textOr(schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Scheme: "+quoted(schemes)+". Certificates are not verified, as they name no container. Default `"+deployment.DefaultScheme+"`.", changesNothing),
				Validators:          []validator.String{stringIs{oneOf(schemes)}},
			}, deployment.DefaultScheme),
			"port": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Port inside the container, 1 to 65535. Default: `port` of the deployment.", changesNothing),
				Validators:          []validator.Int64{between{least: 1, most: 65535}},
			},
			"headers": stringMap(describe("Headers of the request. With a `body`, `Content-Type` is `application/json` unless it is said here. Default: none.", changesNothing),
				elements{keys: []check{isRequestHeader}, values: []check{hasNoControl}}),
			"body": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Body of the request, such as `file(\"golden/hairnet.json\")`. Not with `GET` and `HEAD`. Default: none.", changesNothing),
				Validators:          []validator.String{stringIs{isBody}},
				PlanModifiers:       withSpellings(bodyMeaning),
			},
			"expect_status": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Status code of the answer, 200 to 599. Redirects are not followed. Default: any from 200 to 299.", changesNothing),
				Validators:          []validator.Int64{between{least: 200, most: 599}},
			},
			"expect_json": expectJSONAttribute(),
			"max_latency": durationAttribute("How long each answer may take, as a duration, from the open connection to the last byte. "+
				"The first answer of a model is often its slowest: a request without `max_latency` before warms it up. Default: not judged; an answer is awaited for a minute.",
				changesNothing, time.Millisecond),
			"repeat": numberOr(schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("How often the request is sent, 1 to 1000, one after the other; every answer has to be as expected. Default 1.", changesNothing),
				Validators:          []validator.Int64{between{least: 1, most: maxRepeat}},
			}, 1),
		}},
	}
}

func expectJSONAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("What the answer has to say, if it is JSON of at most "+deployment.BinaryUnits(probe.MaxAnswer)+": for each JSONPath, which names one value such as "+
			"`$.outputs[0].data[0]`, what that value is. Default: the answer is not looked into.", changesNothing),
		Validators: []validator.Map{notEmpty{}, elements{keys: []check{isJSONPath}}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{needs{attributes: []string{"equals"}}, expectation{}}, Attributes: map[string]schema.Attribute{
			"equals": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: describe("The value: a number, a text without quotes, `true`, `false` or `null`; of an array or an object its JSON, such as `jsonencode([0.97, 0.03])`. "+
					"Numbers are compared as numbers. Required.", changesNothing),
			},
			"tolerance": fractionOr(schema.Float64Attribute{
				Optional:            true,
				MarkdownDescription: describe("By how much a number may differ, those inside of arrays and objects included. Default 0.", changesNothing),
				Validators:          []validator.Float64{notNegative{}},
				PlanModifiers:       numbers(),
			}, 0),
		}},
	}
}
