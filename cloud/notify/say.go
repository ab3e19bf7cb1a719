package notify

import "cardea/cloud/notify/words"

// Say is what there is to say of one case as it is now, for who reads it in the app: the same as a message about it says.
func Say(c Case) words.Facts { return caseFacts(body{Cases: []told{{Case: c, Alarmed: c.infected()}}}) }
