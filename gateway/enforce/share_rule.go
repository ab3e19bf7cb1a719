package enforce

import (
	"fmt"

	"cardea/home"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// shareBySource tells devices apart before their addresses are translated: a packet's priority is the class that it waits in. The table
// is apart from those that protect: it changes no packet's way.
func shareBySource(bridge, wan string, devices [][]home.MAC) error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("share: %w", err)
	}
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: tableShare})
	classes := &nftables.Set{Table: table, Name: "classes", IsMap: true, KeyType: nftables.TypeEtherAddr, DataType: nftables.TypeClassID}
	var elements []nftables.SetElement
	for i, macs := range devices {
		for _, m := range macs {
			elements = append(elements, nftables.SetElement{Key: m[:], Val: binaryutil.NativeEndian.PutUint32(shareClass(i))})
		}
	}
	if err := c.AddSet(classes, elements); err != nil {
		return fmt.Errorf("share: %w", err)
	}
	chain := c.AddChain(&nftables.Chain{Name: "forward", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityMangle)})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: ifnameKey(bridge)},
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: ifnameKey(wan)},
		&expr.Meta{Key: expr.MetaKeyIIFTYPE, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint16(unix.ARPHRD_ETHER)},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseLLHeader, Offset: 6, Len: 6},
		&expr.Lookup{SourceRegister: 1, DestRegister: 1, IsDestRegSet: true, SetName: classes.Name, SetID: classes.ID},
		&expr.Meta{Key: expr.MetaKeyPRIORITY, SourceRegister: true, Register: 1},
	}})
	if err := c.Flush(); err != nil {
		return fmt.Errorf("share: %w", err)
	}
	return nil
}

// ifnameKey is a name as the kernel compares it.
func ifnameKey(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}
