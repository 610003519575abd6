/**
 * What makes PostgreSQL notify a channel of new rows: once for each INSERT, when it is committed. Updates are left out, because the
 * agent would notify itself.
 */
export function notifyTrigger(channel: string, tables: readonly string[]): string {
  const name = `${channel}_notify`
  const made = tables.map(
    (table) => `CREATE TRIGGER ${name} AFTER INSERT ON "${table}" FOR EACH STATEMENT EXECUTE FUNCTION ${name}();`,
  )
  return [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS`,
    `  $$ BEGIN NOTIFY "${channel}"; RETURN NULL; END $$;`,
    ...made,
  ].join('\n')
}
