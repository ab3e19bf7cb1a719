// Command openapi writes the API's OpenAPI document to a file, for the apps' client to be made from.
package main

import (
	"bytes"
	"fmt"
	"os"

	"cardea/cloud/api"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: openapi FILE")
		os.Exit(2)
	}
	b, err := api.Document()
	if was, _ := os.ReadFile(os.Args[1]); err == nil && !bytes.Equal(was, b) { // the same is left alone, or the apps are built again for nothing
		err = os.WriteFile(os.Args[1], b, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}
