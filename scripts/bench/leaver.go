package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

const (
	leavers       = 200
	leaverRights  = 5
	leaversEvery  = time.Second / 20
	lookForLeaver = 20 * time.Millisecond
	// lookPart: the longer it takes, the more rarely it is looked, to a tenth of the
	// time, so that looking is not what is measured.
	lookPart     = 10
	leaverWithin = time.Minute
)

// leaver is somebody who will be dismissed.
type leaver struct {
	number string
	token  string
	sent   time.Time
	took   time.Duration
}

// benchLeaver dismisses two hundred people by HR's word over the bus, twenty a
// second, and measures for each from the bus's acknowledgement until the session
// is refused over gRPC and REST and every right has been read back as gone.
func benchLeaver(ctx context.Context) (figures []Figure, err error) {
	i, remove, err := startInstallation(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	all, err := i.employ(ctx)
	if err != nil {
		return nil, err
	}
	admin, err := i.signIn(ctx, "admin", password, "")
	if err != nil {
		return nil, err
	}
	if err := i.dismiss(ctx, all, admin); err != nil {
		return nil, err
	}
	var took []float64
	for _, l := range all {
		took = append(took, float64(l.took.Microseconds())/1000)
	}
	slices.Sort(took)
	return []Figure{
		atMost("leaver_p50", "ms", took[len(took)/2], 300, "<=300"),
		atMost("leaver_p99", "ms", took[len(took)*99/100], 2000, "<=2000"),
	}, nil
}

// employ hires everybody with five rights and signs each of them in.
func (i *installation) employ(ctx context.Context) ([]*leaver, error) {
	var roles, grants []string
	for n := range leaverRights {
		roles = append(roles, fmt.Sprintf("{id: r%d, level: B, max: 365d}", n))
		grants = append(grants, fmt.Sprintf("orders/r%d", n))
	}
	pack := fmt.Sprintf("version: 1\neffective: 2020-01-01T00:00:00+08:00\nsources: [{name: bench, silence: 24h}]\n"+
		"applications: [{id: orders, target: orders-db, roles: [%s]}]\nmatrix: [{position: clerk, grants: [%s]}]\n"+
		"targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: \"ost_\"}]\n", strings.Join(roles, ", "), strings.Join(grants, ", "))
	people := "number,name,position,unit,supervisor\n"
	all := make([]*leaver, leavers)
	for n := range all {
		all[n] = &leaver{number: fmt.Sprintf("E%05d", n+1)}
		people += fmt.Sprintf("%s,Clerk %d,clerk,HQ,\n", all[n].number, n)
	}
	paths := map[string]string{"pack.yaml": pack, "map.yaml": hireMap, "people.csv": people}
	for name, text := range paths {
		paths[name] = filepath.Join(i.home, name)
		if err := os.WriteFile(paths[name], []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	for _, args := range [][]string{
		{"login", "--user", "admin", "--password-stdin"}, {"policy", "apply", paths["pack.yaml"], "--wait", "60s"},
		{"hr", "import", paths["people.csv"], "--map", paths["map.yaml"], "--wait", "10m"},
	} {
		if err := i.ostiary(ctx, password+"\n", args...); err != nil {
			return nil, err
		}
	}
	return all, i.signAllIn(ctx, all)
}

func (i *installation) signAllIn(ctx context.Context, all []*leaver) error {
	admin, err := i.signIn(ctx, "admin", password, "")
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for _, l := range all {
		g.Go(func() error {
			code, issued, err := i.rest(ctx, http.MethodPost, "/api/v1/accounts/"+l.number+"/credential", admin, nil)
			if err != nil {
				return err
			}
			secret, _ := issued["password"].(string)
			if secret == "" {
				return fmt.Errorf("issue a credential for %s: %d %v", l.number, code, issued)
			}
			l.token, err = i.signIn(ctx, l.number, secret, password)
			return err
		})
	}
	return g.Wait()
}

// dismiss sends the events at their rate and waits for each to take effect.
func (i *installation) dismiss(ctx context.Context, all []*leaver, admin string) error {
	b, err := os.ReadFile(filepath.Join(i.home, "clients", "hr.json"))
	if err != nil {
		return err
	}
	var file struct {
		URL, User, Password string
		InboxPrefix         string `json:"inbox_prefix"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return err
	}
	bus, err := nats.Connect(file.URL, nats.UserInfo(file.User, file.Password), nats.CustomInboxPrefix(file.InboxPrefix))
	if err != nil {
		return err
	}
	defer bus.Close()
	js, err := jetstream.New(bus)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", i.grpc), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is under way
	door := identityv1.NewSignInServiceClient(conn)
	g, ctx := errgroup.WithContext(ctx)
	ticker := time.NewTicker(leaversEvery)
	defer ticker.Stop()
	for n, l := range all {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return g.Wait()
		}
		event := fmt.Sprintf(`{"specversion":"1.0","id":"m-%d","source":"hr/bench","type":"hr.employee.dismissed.v1","subject":%q,"time":%q,"sequence":"%d","data":{}}`,
			n+1, l.number, time.Now().UTC().Format(time.RFC3339), n+1)
		if _, err := js.Publish(ctx, "hr.bench.employee.dismissed", []byte(event)); err != nil {
			return fmt.Errorf("send the dismissal of %s: %w", l.number, err)
		}
		l.sent = time.Now()
		g.Go(func() error { return i.gone(ctx, l, admin, door) })
	}
	return g.Wait()
}

// gone returns when the three ways in are shut.
func (i *installation) gone(ctx context.Context, l *leaver, admin string, door identityv1.SignInServiceClient) error {
	ctx, cancel := context.WithTimeout(ctx, leaverWithin)
	defer cancel()
	var mu sync.Mutex
	shut := func() {
		mu.Lock()
		defer mu.Unlock()
		l.took = max(l.took, time.Since(l.sent))
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, look := range []func(context.Context) (bool, error){
		func(ctx context.Context) (bool, error) {
			code, _, err := i.rest(ctx, http.MethodGet, "/api/v1/sessions", l.token, nil)
			return code == http.StatusUnauthorized, err
		},
		func(ctx context.Context) (bool, error) {
			_, err := door.ListSessions(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+l.token), &identityv1.ListSessionsRequest{})
			return status.Code(err) == codes.Unauthenticated, nil
		},
		func(ctx context.Context) (bool, error) {
			_, answer, err := i.rest(ctx, http.MethodGet, "/api/v1/grants?employee_number="+l.number, admin, nil)
			items, ok := answer["items"].([]any)
			return ok && len(items) == 0, err
		},
	} {
		g.Go(func() error {
			for {
				yes, err := look(ctx)
				if err != nil {
					return fmt.Errorf("look at %s: %w", l.number, err)
				}
				if yes {
					shut()
					return nil
				}
				select {
				case <-time.After(max(lookForLeaver, time.Since(l.sent)/lookPart)):
				case <-ctx.Done():
					return fmt.Errorf("%s still has a way in: %w", l.number, ctx.Err())
				}
			}
		})
	}
	return g.Wait()
}
