# Tickets, and a server to ask.
cat > tickets.csv <<'END'
id,status,subject,opened_at,email,customer_name
T1,OPEN,Printer on fire,2026-05-01,ada@example.org,Ada Ray
T2,SOLVED,Lost parcel,2026-05-02,bo@example.org,Bo Lee
END
customer360 import --source csv-support tickets.csv
rm tickets.csv
TOKEN=$(token analyst)
customer360 serve &
