# Targets loop over the modules of go.work: a new service needs no edit here.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/bin:$(PATH)

MODULES     = $(shell go list -m -f '{{.Dir}}')
PATTERNS    = $(addsuffix /...,$(MODULES))
GOTESTFLAGS ?=

# Named first so that the others run beside them and nothing long is left for the end.
SLOWEST     := $(addprefix github.com/ostiary/ostiary/services/,standalone/e2e standalone/company identity)

TOOLS := bin/buf bin/protoc-gen-go bin/protoc-gen-go-grpc bin/protoc-gen-grpc-gateway bin/protoc-gen-openapiv2 bin/golangci-lint

# The databases of the tests are made and dropped by the hundred, which costs a disk
# more than all that is done in them. They lie in memory where there is much of it;
# those of the proofs and of what runs as a whole installation lie on the disk.
MEMORY      := $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 6000000 ] 2>/dev/null && echo /dev/shm)

.PHONY: help
help: ## show this list · 显示此列表
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: up
up: setup bin/ostiary-standalone bin/ostiary ## start everything on this machine; Ctrl-C stops · 在本机启动全部服务
	@exec bin/ostiary-standalone

.PHONY: setup
setup: ## install what is missing, or print the command · 安装缺少的软件
	@scripts/setup.sh

.PHONY: build
build: ## build every program into bin/ · 构建全部程序
	@scripts/build.sh

.PHONY: cli
cli: bin/ostiary ## build the command line, bin/ostiary · 构建命令行

# go build knows better than make what is out of date.
.PHONY: bin/ostiary bin/ostiary-standalone
bin/ostiary bin/ostiary-standalone:
	@[ -e $@ ] || echo "building $@ (the first time takes some minutes) · 正在构建（首次需数分钟）"
	@scripts/build.sh $(@F)

.PHONY: test
test: setup ## run all tests with a real PostgreSQL and NATS, race detector on · 运行全部测试
	TESTKIT_DIR=$(MEMORY) go test -race -p 3 -timeout 15m $(GOTESTFLAGS) $(SLOWEST) work

.PHONY: prove
prove: setup ## run the proofs with full counts; report in build/prove.log · 以完整次数运行证明
	@mkdir -p build
	PROVE=1 go test -race -count=1 -timeout 6h -v $(GOTESTFLAGS) work 2>&1 | tee build/prove.log

.PHONY: bench
bench: setup ## measure; lines and build/bench.json · 性能测量
	@mkdir -p build
	@go run ./scripts/bench -out build/bench.json

.PHONY: demo
demo: cli ## play the story on a running installation · 在运行中的系统上演示
	@scripts/demo.sh

.PHONY: check
check: $(TOOLS) ## generate, tidy, format, lint; fails on any difference · 检查生成、格式与规范
	@scripts/check.sh

.PHONY: generate
generate: $(TOOLS) ## make generated code anew · 重新生成代码
	cd proto && buf generate
	@mkdir -p build
	cd proto && buf build -o ../build/proto.binpb
	go generate work
	go run ./scripts/reference
	go run ./scripts/openapi

.PHONY: tidy
tidy: ## tidy every module · 整理各模块依赖
	@for m in $(MODULES); do GOWORK=off go -C "$$m" mod tidy; done

.PHONY: format
format: $(TOOLS) ## format Go and protobuf · 格式化代码
	cd proto && buf format -w
	@golangci-lint fmt $(MODULES)

.PHONY: lint
lint: $(TOOLS) ## lint Go and protobuf · 静态检查
	cd proto && buf lint
	go vet work
	golangci-lint run $(PATTERNS)

.PHONY: tools
tools: $(TOOLS) ## build the pinned tools into bin/ · 构建固定版本的工具

# One module a family: their dependencies do not agree with each other.
bin/buf: tools/buf/go.mod tools/buf/go.sum
	@scripts/tool.sh buf github.com/bufbuild/buf/cmd/buf
bin/protoc-gen-go: tools/protoc/go.mod tools/protoc/go.sum
	@scripts/tool.sh protoc google.golang.org/protobuf/cmd/protoc-gen-go
bin/protoc-gen-go-grpc: tools/protoc/go.mod tools/protoc/go.sum
	@scripts/tool.sh protoc google.golang.org/grpc/cmd/protoc-gen-go-grpc
bin/protoc-gen-grpc-gateway: tools/gateway/go.mod tools/gateway/go.sum
	@scripts/tool.sh gateway github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway
bin/protoc-gen-openapiv2: tools/gateway/go.mod tools/gateway/go.sum
	@scripts/tool.sh gateway github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2
bin/golangci-lint: tools/lint/go.mod tools/lint/go.sum
	@scripts/tool.sh lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: clean
clean: ## remove what was built; keeps .ostiary · 清除构建产物
	rm -rf bin build
