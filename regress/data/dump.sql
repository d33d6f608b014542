--
-- As pg_dump writes it; of its own accord it would add more SET.
--

\restrict abc

SET client_encoding = 'UTF8';
SET xmloption = content;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE FUNCTION public.f() RETURNS integer
    LANGUAGE sql
    AS $_$ SELECT 1; $_$;

ALTER FUNCTION public.f() OWNER TO postgres;

CREATE TABLE public.orders (
    id bigint NOT NULL,
    customer integer NOT NULL,
    item text,
    n integer DEFAULT 1
);

ALTER TABLE public.orders OWNER TO postgres;

CREATE SEQUENCE public.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;

CREATE TABLE public.customers ( /* a comment; with ' in it */
    id integer NOT NULL,
    name character varying(40) NOT NULL,
    email text,
    born date,
    data jsonb,
    bin bytea,
    tags text[],
    active boolean DEFAULT true,
    score double precision,
    amount numeric(10,2),
    at timestamp with time zone,
    u uuid,
    iv interval,
    CONSTRAINT customers_name_check CHECK ((length((name)::text) > 0))
);

COMMENT ON TABLE public.customers IS 'who buys; things';

CREATE SEQUENCE public.customers_id_seq AS integer START WITH 1;

ALTER TABLE ONLY public.customers ALTER COLUMN id SET DEFAULT nextval('public.customers_id_seq'::regclass);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);

COPY public.customers (id, name, email, born, data, bin, tags, active, score, amount, at, u, iv) FROM stdin;
1	Ann; O'Neil	a@x	1990-01-02	{"a": [1, "b\\n"]}	\\x00ff	{a,"b c",NULL}	t	1.5	12.30	2020-01-01 08:00:00+00	6ba7b810-9dad-11d1-80b4-00c04fd430c8	1 day 02:03:04
2	tab\there\\	\N	\N	\N	\N	\N	f	NaN	-5.00	\N	\N	\N
\.

INSERT INTO public.orders VALUES (1, 1, 'one; and', 1), (2, 2, E'it\'s', -2);
INSERT INTO public.orders (id, customer, item) VALUES (3, 1, NULL);
COPY public.orders (id, customer, n) FROM stdin;
4	2	3
\.

SELECT pg_catalog.setval('public.orders_id_seq', 4, true);
SELECT pg_catalog.setval('public.customers_id_seq', 2, true);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_email_key UNIQUE (email);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

CREATE INDEX orders_item ON public.orders USING btree (item, n DESC);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id) ON DELETE CASCADE;
GRANT SELECT ON TABLE public.orders TO somebody;

\unrestrict abc
