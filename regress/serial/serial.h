/* regress/serial/serial.h - the parts of the checker of serializability. */
#ifndef AMBERDB_REGRESS_SERIAL_SERIAL_H
#define AMBERDB_REGRESS_SERIAL_SERIAL_H

/* Known conflicts of two or three sessions, step by step, in the database serial; prints TAP from that
 * number on and returns the next. */
int scenarios_run(int number);
int scenarios_failed(void);

#endif
