package respapi

import (
	"slices"
	"strings"
	"testing"
)

// redis7 is COMMAND LIST of redis-sentinel 7.0.15.
var redis7 = strings.Fields(`
	ping auth hello info role publish subscribe unsubscribe psubscribe punsubscribe shutdown
	command command|count command|docs command|getkeys command|getkeysandflags command|help command|info command|list
	client client|caching client|getname client|getredir client|help client|id client|info client|kill client|list client|no-evict
	client|pause client|reply client|setname client|tracking client|trackinginfo client|unblock client|unpause
	acl acl|cat acl|deluser acl|dryrun acl|genpass acl|getuser acl|help acl|list acl|load acl|log acl|save acl|setuser acl|users acl|whoami
	sentinel sentinel|ckquorum sentinel|config sentinel|debug sentinel|failover sentinel|flushconfig sentinel|get-master-addr-by-name
	sentinel|help sentinel|info-cache sentinel|is-master-down-by-addr sentinel|master sentinel|masters sentinel|monitor sentinel|myid
	sentinel|pending-scripts sentinel|remove sentinel|replicas sentinel|reset sentinel|sentinels sentinel|set
	sentinel|simulate-failure sentinel|slaves`)

// A user's rules that name any other command would stop redis-sentinel from
// reading the file: such a command must share the permission of one of these.
func TestUsersAreDescribedWithRedisOwnCommands(t *testing.T) {
	for _, cmd := range commands {
		for _, one := range append([]*command{cmd}, cmd.order...) {
			if name := aclTable.Name(one.acl); !slices.Contains(redis7, name) {
				t.Errorf("%s needs an entry in permittedAs", one.name)
			}
		}
	}
}
