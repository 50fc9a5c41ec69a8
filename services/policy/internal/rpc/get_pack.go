package rpc

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
	"github.com/ostiary/ostiary/services/policy/internal/readmodel"
)

// ErrNone says that no pack holds yet.
var ErrNone = fault.New(fault.NotFound, "PACK_NONE",
	"No pack holds yet; apply one with 'ostiary policy apply FILE'.", "尚无生效的策略包，请用 ostiary policy apply FILE 发布。")

// GetPack shows a version, or the one that holds.
func (s *Server) GetPack(ctx context.Context, r *policyv1.GetPackRequest) (*policyv1.GetPackResponse, error) {
	find := func() (readmodel.Pack, bool, error) { return readmodel.ByVersion(ctx, s.Platform.Pool, r.GetVersion()) }
	missing := packs.ErrUnknown.With("version", strconv.FormatInt(r.GetVersion(), 10))
	if r.GetVersion() == 0 {
		find = func() (readmodel.Pack, bool, error) { return readmodel.InForce(ctx, s.Platform.Pool) }
		missing = ErrNone
	}
	p, ok, err := find()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missing
	}
	return &policyv1.GetPackResponse{
		Version: p.Version, Digest: p.Digest, State: p.State, EffectiveAt: timestamppb.New(p.EffectiveAt), Body: p.Body, Acknowledged: p.Acknowledged,
	}, nil
}
