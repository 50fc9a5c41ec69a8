package rpc

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

const (
	// chunkEvents and chunkBytes bound one append of changes.
	chunkEvents = 500
	chunkBytes  = 3 << 20
	// listedBytes bounds the units that an event lists.
	listedBytes = 64 << 10
	// keysAtOnce is how many keys of new people are made side by side: each is
	// a commit of its own, and commits are shared.
	keysAtOnce = 32
)

// intake writes one snapshot into its stream.
type intake struct {
	server  *Server
	upload  upload
	id      string
	command eventstore.Command
	meta    eventstore.Metadata
	// held is what was recorded when this command was held before.
	held *identityv1.HrSnapshotHeld
}

// newIntake finds the stream for the command of the call. A repetition of a
// command whose snapshot was accepted or held returns that; one that broke off
// before gets a new stream, because the changes in the old one stay inert.
func (s *Server) newIntake(ctx context.Context, u upload) (in intake, accepted bool, err error) {
	request := proto.CloneOf(u.header)
	request.Map = []byte(u.digest) // stands for file, map and date
	command, meta, err := servicekit.Intent(ctx, "", request)
	if err != nil {
		return intake{}, false, err
	}
	root := uuid.MustParse(command.ID)
	for attempt := 0; ; attempt++ {
		in = intake{server: s, upload: u, id: "snp_" + command.ID, command: command, meta: meta}
		if attempt > 0 {
			in.id = "snp_" + uuid.NewSHA1(root, fmt.Appendf(nil, "attempt %d", attempt)).String()
		}
		_, done, err := s.Platform.Journal.Store.Lookup(ctx, command)
		if err != nil {
			return in, false, err
		}
		state, version, err := eventstore.Load(ctx, s.Platform.Journal, snapshot.Decider, snapshot.Stream(in.id))
		switch {
		case err != nil:
			return in, false, err
		case state.Accepted != nil && done:
			return in, true, nil
		case version == 0, state.Held != nil:
			in.held = state.Held
			return in, false, nil
		}
	}
}

// step is the command of one append before the last.
func (in intake) step(name string) eventstore.Command {
	id := uuid.NewSHA1(uuid.MustParse(in.command.ID), []byte(in.id+"/"+name)).String()
	return eventstore.Command{ID: id, Digest: in.command.Digest}
}

// hold records that the snapshot was not taken.
func (in intake) hold(ctx context.Context, c comparison) (int64, error) {
	r, err := in.execute(ctx, in.command, snapshot.Hold{Held: &identityv1.HrSnapshotHeld{
		SnapshotId: in.id, Source: in.upload.fields.Source, Digest: in.upload.digest,
		Leavers: int32(c.difference.Leavers), Active: int32(c.difference.Active), GuardPercent: in.upload.fields.Guard,
	}})
	if err != nil {
		return 0, err
	}
	return r.Last, in.server.Platform.Answer(ctx, r.Last)
}

// take keeps the changes and then accepts them.
func (in intake) take(ctx context.Context, c comparison) error {
	if err := in.keys(ctx, c.difference.Changes); err != nil {
		return err
	}
	for n, chunk := range chunks(c.difference.Changes) {
		if _, err := in.execute(ctx, in.step(fmt.Sprintf("take %d", n)), snapshot.TakeIn{Changes: chunk}); err != nil {
			return err
		}
	}
	units, err := in.newUnits(ctx, c)
	if err != nil {
		return err
	}
	d := c.difference
	r, err := in.execute(ctx, in.command, snapshot.Accept{Summary: &identityv1.HrSnapshotAccepted{
		SnapshotId: in.id, Source: in.upload.fields.Source, Digest: in.upload.digest, EffectiveDate: in.upload.date,
		Joiners: int32(d.Joiners), Movers: int32(d.Movers), Leavers: int32(d.Leavers), Unchanged: int32(d.Unchanged),
		Quarantined: first(c.file.Quarantined), QuarantinedRows: int32(len(c.file.Quarantined)), NewUnits: units,
	}})
	if err != nil {
		return err
	}
	// Whoever comes next must find this snapshot in work.
	return in.server.Platform.Projected(ctx, r.Last)
}

func (in intake) execute(ctx context.Context, command eventstore.Command, c snapshot.Command) (eventstore.Result, error) {
	return eventstore.Execute(ctx, in.server.Platform.Journal, snapshot.Decider, snapshot.Stream(in.id), command, in.meta, c)
}

// keys makes the keys of people who are new, before the events that they seal.
func (in intake) keys(ctx context.Context, changes []*identityv1.HrChangeTaken) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(keysAtOnce)
	for _, c := range changes {
		if c.GetKind() == identityv1.HrChangeKind_HR_CHANGE_KIND_JOINER {
			g.Go(func() error {
				_, err := in.server.Platform.Keyring.SealString(ctx, c.GetPersonId(), "person.key", c.GetPersonId())
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	return nil
}

// chunks cuts the changes into appends.
func chunks(changes []*identityv1.HrChangeTaken) (cut [][]*identityv1.HrChangeTaken) {
	size := 0
	for _, c := range changes {
		bytes := storedSize(c)
		if n := len(cut) - 1; n >= 0 && len(cut[n]) < chunkEvents && size+bytes <= chunkBytes {
			cut[n] = append(cut[n], c)
			size += bytes
			continue
		}
		cut = append(cut, []*identityv1.HrChangeTaken{c})
		size = bytes
	}
	return cut
}

// storedSize is a bound of the stored size of a change: personal fields grow
// when they are sealed.
func storedSize(c *identityv1.HrChangeTaken) int { return 2*proto.Size(c) + 1024 }

// newUnits are the units that the tree lacks, for the record.
func (in intake) newUnits(ctx context.Context, c comparison) (paths []*identityv1.UnitPath, err error) {
	known, err := readmodel.Units(ctx, in.server.Platform.Pool)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, change := range c.difference.Changes {
		unit := change.GetPost().GetUnit()
		for i := range unit {
			key := readmodel.UnitKey(unit[:i+1])
			if known[key] || len(paths) == listed || size+len(key) > listedBytes {
				continue
			}
			known[key] = true
			size += len(key)
			paths = append(paths, &identityv1.UnitPath{Names: unit[:i+1]})
		}
	}
	return paths, nil
}
