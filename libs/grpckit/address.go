package grpckit

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// mdAddress carries where a call came from, from the edge that took it to the
// service. An edge writes it anew, whatever the caller said; who reaches a
// service past its edges can say anything, so it bounds but never admits.
const mdAddress = "x-forwarded-for"

// Address is where the caller sits, without a port; "" if that is not known.
func Address(ctx context.Context) string {
	if said := metadata.ValueFromIncomingContext(ctx, mdAddress); len(said) > 0 {
		hops := strings.Split(said[len(said)-1], ",")
		return strings.TrimSpace(hops[len(hops)-1])
	}
	return peerAddress(ctx)
}

// WithAddress returns a context whose calls come from this address.
func WithAddress(ctx context.Context, address string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, mdAddress, address)
}

// peerAddress is the other end of the connection, "" if it is in this process.
func peerAddress(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	tcp, ok := p.Addr.(*net.TCPAddr)
	if !ok {
		return ""
	}
	return tcp.IP.String()
}
