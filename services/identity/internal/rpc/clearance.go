package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// GetClearance shows the case of a person that is under way, or the newest.
func (s *Server) GetClearance(ctx context.Context, r *identityv1.GetClearanceRequest) (*identityv1.GetClearanceResponse, error) {
	c, err := s.caseOf(ctx, r.GetEmployeeNumber(), "")
	if err != nil {
		return nil, err
	}
	answer := &identityv1.GetClearanceResponse{EmployeeNumber: r.GetEmployeeNumber(), CaseId: c.ID, Kind: c.Kind, State: c.State, Gate: c.Gate}
	for _, i := range c.Items {
		item := &identityv1.ClearanceItem{Item: i.Item, State: i.State, Reason: i.Reason, Actor: i.Actor}
		if i.At != nil {
			item.At = timestamppb.New(*i.At)
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

// RecordClearance settles an item that a human must confirm.
func (s *Server) RecordClearance(ctx context.Context, r *identityv1.RecordClearanceRequest) (*identityv1.RecordClearanceResponse, error) {
	position, err := s.clear(ctx, r, r.GetEmployeeNumber(), r.GetItem(), clearance.Record{Item: r.GetItem(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &identityv1.RecordClearanceResponse{Position: position}, nil
}

// WaiveClearance settles an item without its fact.
func (s *Server) WaiveClearance(ctx context.Context, r *identityv1.WaiveClearanceRequest) (*identityv1.WaiveClearanceResponse, error) {
	position, err := s.clear(ctx, r, r.GetEmployeeNumber(), r.GetItem(), clearance.Waive{Item: r.GetItem(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &identityv1.WaiveClearanceResponse{Position: position}, nil
}

func (s *Server) clear(ctx context.Context, r proto.Message, number, item string, c clearance.Command) (int64, error) {
	of, err := s.caseOf(ctx, number, item)
	if err != nil {
		return 0, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, clearance.Decider, clearance.Stream(of.ID), r, c)
	if err != nil {
		return 0, err
	}
	s.consequences(ctx, result.Last)
	return result.Last, nil
}

func (s *Server) caseOf(ctx context.Context, number, item string) (readmodel.Case, error) {
	c, ok, err := readmodel.CaseOf(ctx, s.Platform.Pool, number, item)
	if err != nil {
		return c, err
	}
	if !ok {
		return c, clearance.ErrNoCase.With("employee_number", number)
	}
	return c, nil
}
