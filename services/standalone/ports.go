package standalone

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrPortTaken says that another program listens where this one should.
var ErrPortTaken = fault.New(fault.Unavailable, "PORT_TAKEN",
	"Another program has this port. Stop it, or set the variable to another port; the command line then needs OSTIARY_ADDR.",
	"端口已被其他程序占用。请停止该程序，或用所示环境变量改用其他端口；命令行届时需要 OSTIARY_ADDR。")

// ports are where this process listens. They are taken before anything is
// started, so that a refusal comes at once.
type ports struct{ api, web, health net.Listener }

func takePorts(ctx context.Context, c Config) (*ports, error) {
	var p ports
	var err error
	if p.api, err = listen(ctx, c.Host, c.GRPCPort, "STANDALONE_GRPC_PORT"); err != nil {
		return nil, err
	}
	if p.web, err = listen(ctx, c.Host, c.HTTPPort, "STANDALONE_HTTP_PORT"); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if p.health, err = listen(ctx, c.Host, c.HealthPort, "STANDALONE_HEALTH_PORT"); err != nil {
		return nil, errors.Join(err, p.close())
	}
	// NATS listens itself, a moment later.
	nats, err := listen(ctx, c.Host, c.NATSPort, "STANDALONE_NATS_PORT")
	if err == nil {
		err = nats.Close()
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &p, nil
}

// close frees the ports; those that were served are free already.
func (p *ports) close() error {
	for _, l := range []net.Listener{p.api, p.web, p.health} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return nil
}

func listen(ctx context.Context, host string, port int, setting string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, ErrPortTaken.With("port", strconv.Itoa(port)).With("set", setting).With("problem", err.Error())
	}
	return l, nil
}
