package gateway

import (
	"log/slog"
	"path/filepath"

	"cardea/gateway/enforce"
)

// Restore puts containment back in force at boot. It needs neither the bridge nor an address: rules go by name.
func Restore(cfg Config, log *slog.Logger) error {
	return enforce.Restore(enforce.Config{
		Bridge: cfg.LAN, WAN: cfg.WAN, ResolverPort: resolverPort, ContainedResolverPort: containedPort, PortalPort: portalPort,
	}, filepath.Join(cfg.State, enforcedFile), log)
}
