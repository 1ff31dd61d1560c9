import asyncpg

STATEMENTS = {
    "columns": """
        SELECT format('%s.%s %s %s default %s collate %s generated %s', table_name, column_name,
                      udt_name, is_nullable, column_default, collation_name, generation_expression)
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "storage": """
        SELECT format('%s %s', oid::regclass, reloptions) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """
        SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
    "sequences": "SELECT sequencename::text FROM pg_sequences WHERE schemaname = 'public'",
}


async def catalog(url: str) -> dict[str, list[str]]:
    """PostgreSQL's own description of every object in the database, except Alembic's table."""
    connection = await asyncpg.connect(url)
    try:
        found = {name: await connection.fetch(statement) for name, statement in STATEMENTS.items()}
    finally:
        await connection.close()
    return {name: sorted(text for (text,) in rows if "alembic_version" not in text) for name, rows in found.items()}
