package lab

import (
	"context"
	"fmt"
	"strings"
)

// NewBridge makes n namespaces on one bridge, which has a namespace of its own:
// each reaches every other one at its address, and nothing else. Addresses and
// names are seen inside alone, so that labs do not meet.
func (l *Lab) NewBridge(ctx context.Context, n int) ([]*Namespace, error) {
	hub, err := l.newNamespace(ctx, "bridge")
	if err != nil {
		return nil, err
	}
	if err := hub.Run(ctx, "sh", "-ec", "ip link add bridge type bridge; ip link set bridge up"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotPermitted, err)
	}
	nodes := make([]*Namespace, n)
	for i := range nodes {
		if nodes[i], err = l.newNamespace(ctx, fmt.Sprintf("10.77.1.%d", i+1)); err != nil {
			return nil, err
		}
		if err := nodes[i].plug(ctx, hub, fmt.Sprintf("port%d", i+1)); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// plug joins the namespace to a bridge.
func (n *Namespace) plug(ctx context.Context, hub *Namespace, port string) error {
	near := fmt.Sprintf("ip link add cable type veth peer name %s netns %d; ip addr add %s/24 dev cable; ip link set cable up",
		port, hub.holder.PID(), n.host)
	if err := n.Run(ctx, "sh", "-ec", near); err != nil {
		return err
	}
	return hub.Run(ctx, "sh", "-ec", fmt.Sprintf("ip link set %s master bridge; ip link set %s up", port, port))
}

// DropFrom drops silently, on its way in, what comes from the given namespaces
// and matches the nftables expression; "" is everything. It adds to what is
// dropped already.
func (n *Namespace) DropFrom(ctx context.Context, match string, from ...*Namespace) error {
	hosts := make([]string, len(from))
	for i, f := range from {
		hosts[i] = f.host
	}
	return n.Cut(ctx, "ip saddr { "+strings.Join(hosts, ", ")+" } "+match)
}
