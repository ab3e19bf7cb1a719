# make help describes every target.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOBUILD := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'
LINT := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help demo test build lint gen gen-check bench soak deps unit agents

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: bin/cardea bin/cardea-agent ## a home in a terminal: infect a device and watch it being shut in (no root, Ctrl-C ends it)
	bin/cardea demo

build: bin/cardea agents ## bin/cardea, and bin/cardea-agent for amd64, arm64, armv7 and mipsle

.PHONY: bin/cardea bin/cardea-agent
bin/cardea:
	$(GOBUILD) -o $@ ./cmd/cardea

bin/cardea-agent:
	$(GOBUILD) -o $@ ./cmd/cardea-agent

agents: bin/cardea-agent
	GOOS=linux GOARCH=amd64 $(GOBUILD) -o bin/cardea-agent-amd64 ./cmd/cardea-agent
	GOOS=linux GOARCH=arm64 $(GOBUILD) -o bin/cardea-agent-arm64 ./cmd/cardea-agent
	GOOS=linux GOARCH=arm GOARM=7 $(GOBUILD) -o bin/cardea-agent-armv7 ./cmd/cardea-agent
	GOOS=linux GOARCH=mipsle GOMIPS=softfloat $(GOBUILD) -o bin/cardea-agent-mipsle ./cmd/cardea-agent

deps: ## install the Debian packages that the tests use (as root)
	tools/install-deps

test: deps build gen-check lint unit ## everything that CI runs

unit: ## the Go tests alone; CARDEA_DATA names the folder of real captures
	go vet ./...
	go test -timeout 15m ./...

lint: ## formatting and golangci-lint (.golangci.yml says why each rule is there)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	$(LINT) run ./...

gen: ## make generated files again (the maker table, from Debian's ieee-data)
	go generate ./...

# The maker table is made from one version of ieee-data; another one makes another table, which is no mistake.
IEEE_DATA := 20220827.1
gen-check:
	@have=$$(dpkg-query -W -f='$${Version}' ieee-data 2>/dev/null); \
	if [ "$$have" != "$(IEEE_DATA)" ]; then echo "ieee-data is $${have:-missing}, not $(IEEE_DATA): the maker table is not compared"; exit 0; fi; \
	$(MAKE) -s gen && git diff --exit-code --stat -- '*_gen.go' '*.bin' || { echo 'generated files differ: commit what make gen made'; exit 1; }

bench: bin/cardea bin/cardea-agent ## the benchmarks of docs/performance.md (about 4 minutes)
	bin/cardea bench all

soak: ## the long rounds of the tests
	CARDEA_SOAK=1 go test -timeout 60m ./...
