// Package audit keeps the ledger over all services, explains access and proves
// that history is whole. See README.md.
package audit

import (
	"cmp"
	"context"

	"google.golang.org/grpc"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"

	// The ledger reads events of every service; their types must be known to
	// find whom they are about.
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/ledger"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/audit/internal/book"
	"github.com/ostiary/ostiary/services/audit/internal/migrations"
	"github.com/ostiary/ostiary/services/audit/internal/rpc"
)

// Definition is the service.
func Definition() servicekit.Definition {
	return servicekit.Definition{Name: "audit", Migrations: migrations.Files, New: build}
}

func build(ctx context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
	config, err := load()
	if err != nil {
		return nil, err
	}
	key, err := ledger.LoadOrCreateKey(p.KeyFile("ledger"), "ostiary-ledger")
	if err != nil {
		return nil, err
	}
	b, err := book.Open(ctx, p.Pool, book.Seal{Key: key, File: cmp.Or(config.RootFile, p.KeyFile("ledger-root"))})
	if err != nil {
		return nil, err
	}
	notary := book.NewNotary(b, p.Log)
	verifier := &book.Verifier{Book: b, Notary: notary}
	service := &servicekit.Service{
		Workers: []servicekit.Worker{{Name: "sign roots", Run: notary.Run}},
		Causes:  func() []string { return append(b.Causes(), notary.Causes()...) },
	}
	for _, source := range config.Sources {
		intake := book.NewIntake(b, source, p.Dial(source), p.Log)
		verifier.Intakes = append(verifier.Intakes, intake)
		service.Intakes = append(service.Intakes, intake)
		service.Workers = append(service.Workers, servicekit.Worker{Name: "take in " + source, Run: intake.Run})
	}
	server := rpc.NewServer(p, verifier, key, config.Sources)
	service.Register = func(r grpc.ServiceRegistrar) { auditv1.RegisterAuditServiceServer(r, server) }
	return service, nil
}
