package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
)

// The refusals of an import.
var (
	// ErrHeader says that the stream does not start with one header.
	ErrHeader = fault.New(fault.Invalid, "HR_IMPORT_MALFORMED",
		"Send the header first, once, then the file in pieces of at most 1 MiB.",
		"请先发送一次头部，再分段（每段不超过 1 MiB）发送文件。")
	// ErrDate says that the effective date is none.
	ErrDate = fault.New(fault.Invalid, "HR_EFFECTIVE_DATE_INVALID",
		"The effective date is a day such as 2026-12-01, at most two years from today.",
		"生效日期须为形如 2026-12-01 的日期，且距今不超过两年。")
	// ErrBusy says that another snapshot of the source is in work.
	ErrBusy = fault.New(fault.Conflict, "HR_SNAPSHOT_BUSY",
		"Another snapshot of this source is being carried out; import again when it is done.",
		"该数据源的另一份快照正在执行，请在完成后重新导入。")
	// ErrConfirm says that the digest is that of another file.
	ErrConfirm = fault.New(fault.Refused, "HR_CONFIRM_MISMATCH",
		"The confirmed digest is that of another file, map or effective date; look at this one and confirm its own digest.",
		"确认的摘要属于另一文件、映射或生效日期，请核对后确认本次的摘要。")
	// ErrStuck says that an accepted snapshot cannot be carried out.
	ErrStuck = fault.New(fault.Unavailable, "HR_SNAPSHOT_STUCK",
		"The snapshot is accepted, but carrying it out has stopped; see ostiary inbox list and retry there. Do not import it again.",
		"快照已接受，但执行中断；请用 ostiary inbox list 查看并重试，不要重复导入。")
)

// maxChunk is the largest piece of a file.
const maxChunk = 1 << 20

// upload is what the caller sent.
type upload struct {
	header *identityv1.ImportSnapshotHeader
	file   []byte
	fields hrfile.Map
	// date is the effective date, at its 00:00.
	date string
	at   time.Time
	// digest is over file, map and effective date.
	digest string
}

type importStream = grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]

// ImportSnapshot compares a file with the people of its source and carries out
// the difference.
func (s *Server) ImportSnapshot(stream importStream) error {
	u, err := s.receive(stream)
	if err != nil {
		return err
	}
	result, err := s.take(stream.Context(), u, func(p *identityv1.ImportProgress) error {
		return stream.Send(&identityv1.ImportSnapshotResponse{Part: &identityv1.ImportSnapshotResponse_Progress{Progress: p}})
	})
	if err != nil {
		return err
	}
	translate(result.GetQuarantined())
	return stream.Send(&identityv1.ImportSnapshotResponse{Part: &identityv1.ImportSnapshotResponse_Result{Result: result}})
}

// receive reads header and file within the limits.
func (s *Server) receive(stream importStream) (upload, error) {
	var u upload
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, fmt.Errorf("receive file: %w", err)
		}
		h, chunk := r.GetHeader(), r.GetChunk()
		switch {
		case (h != nil) != (u.header == nil), len(chunk) > maxChunk:
			return u, ErrHeader
		case h != nil:
			u.header = h
		case len(u.file)+len(chunk) > hrfile.MaxBytes:
			return u, hrfile.ErrTooLarge
		default:
			u.file = append(u.file, chunk...)
		}
	}
	if u.header == nil {
		return u, ErrHeader
	}
	var err error
	if u.fields, err = hrfile.ParseMap(u.header.GetMap()); err != nil {
		return u, err
	}
	if u.date, u.at, err = s.effective(u.header.GetEffectiveDate()); err != nil {
		return u, err
	}
	u.digest = digest(u.file, u.header.GetMap(), []byte(u.date))
	if c := u.header.GetConfirm(); c != "" && c != u.digest {
		return u, ErrConfirm.With("digest", u.digest)
	}
	return u, nil
}

// horizon is how far an effective date may lie from today; beyond it, it is a
// slip of the pen.
const horizon = 2 * 366 * 24 * time.Hour

// effective is the first day of the new state and its 00:00; no date is today.
func (s *Server) effective(date string) (string, time.Time, error) {
	now := s.Platform.Clock.Now()
	if date == "" {
		date = now.In(s.Platform.Zone).Format(time.DateOnly)
	}
	at, err := time.ParseInLocation(time.DateOnly, date, s.Platform.Zone)
	if err != nil || at.Sub(now).Abs() > horizon {
		return "", time.Time{}, ErrDate.With("effective_date", date)
	}
	return date, at.UTC(), nil
}

func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// source checks that the pack names the source; without a pack that names any,
// it is taken with a warning. The positions are those that the matrix names,
// nil if it names none.
func (s *Server) source(ctx context.Context, u upload) (positions map[string]bool, warnings []*identityv1.ImportWarning, err error) {
	current, _, err := s.Packs.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if current == nil || len(current.Sources) == 0 {
		return namedPositions(current), []*identityv1.ImportWarning{{
			Reason: "HR_SOURCES_NOT_NAMED", Subject: u.fields.Source,
			Message:   "No pack in force names the HR sources; name this one under sources.",
			MessageZh: "生效的策略包未列出人事数据源，请在 sources 中列出该数据源。",
		}}, nil
	}
	known := false
	for _, named := range current.Sources {
		known = known || named.Name == u.fields.Source
	}
	if !known {
		return nil, nil, hrfeed.ErrSource.With("source", u.fields.Source)
	}
	return namedPositions(current), nil, nil
}

// namedPositions are the positions that the matrix of a pack names, nil if it
// names none.
func namedPositions(p *pack.Pack) (positions map[string]bool) {
	if p == nil {
		return nil
	}
	for _, line := range p.Matrix {
		if line.Position == "" {
			continue
		}
		if positions == nil {
			positions = map[string]bool{}
		}
		positions[line.Position] = true
	}
	return positions
}
