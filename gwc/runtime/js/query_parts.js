// Parts of a query or a form, and whose they are (docs/validation.md). A name may belong to several.
import percent from 'percent.js';
import policy from 'policy.js';

// readings: the functions of reading.js.
export default function queryParts(readings) {
  // [decoded name or null, raw text] each; null: they are more than `most`.
  function read(text, most) {
    const found = [], all = text.split('&');
    if (all.length > most && all.filter(isThere).length > most) return null;
    for (let i = 0; i < all.length; i++) {
      if (all[i] === '') continue;
      const at = all[i].indexOf('=');
      found.push(at < 0 ? [percent(all[i], true), ''] : [percent(all[i].slice(0, at), true), all[i].slice(at + 1)]);
    }
    return found;
  }

  function isThere(part) { return part !== ''; }

  // What was sent of each of the declared ({name, takesRest, ..reading}), and the parts that nobody claims. known: names that are somebody else's.
  function deal(declared, parts, known) {
    const sent = declared.map(function () { return { own: [], members: [] }; }), others = [], claims = claimsOf(declared);
    for (let i = 0; i < parts.length; i++) {
      const name = parts[i][0];
      if (name === null) others.push(parts[i]);
      else if (!give(claims, sent, parts[i]) && known.indexOf(name) < 0) giveRest(claims, sent, parts[i], others);
    }
    return { sent: sent, others: others };
  }

  // By name, and of those with members: [number, name or names].
  function claimsOf(declared) {
    const claims = { names: [], isOwn: [], spread: [], deep: [], rest: [] };
    declared.forEach(function (one, number) {
      claims.names.push(one.name);
      claims.isOwn.push(one.text || !readings.hasMembers(one, true));
      if (one.style === 'deepObject') claims.deep.push([number, one.name + '[']);
      if (readings.inMembers(one, true)) {
        claims.spread.push([number, policy.shape(one.shape).names]);
        if (one.takesRest) claims.rest.push(number);
      }
    });
    return claims;
  }

  // Whether there is one that claims it.
  function give(claims, sent, part) {
    const name = part[0], number = claims.names.indexOf(name);
    let isTaken = number >= 0 && claims.isOwn[number];
    if (isTaken) sent[number].own.push(part[1]);
    for (let i = 0; i < claims.spread.length; i++) {
      if (claims.spread[i][1].indexOf(name) < 0) continue;
      sent[claims.spread[i][0]].members.push(part);
      isTaken = true;
    }
    for (let i = 0; i < claims.deep.length && number < 0; i++) {
      if (!name.startsWith(claims.deep[i][1])) continue;
      sent[claims.deep[i][0]].members.push(part);
      isTaken = true;
    }
    return isTaken;
  }

  function giveRest(claims, sent, part, others) {
    for (let i = 0; i < claims.rest.length; i++) sent[claims.rest[i]].members.push(part);
    if (claims.rest.length === 0) others.push(part);
  }

  return { deal, read };
}
