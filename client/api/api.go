// Package api is generated from web/openapi.json: each request of staff and of a provider's own systems, with its types. Use it by
// cardea/client, which has the token, the errors and the pages. It may import nothing of ours.
package api

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config config.yaml ../../web/openapi.json
